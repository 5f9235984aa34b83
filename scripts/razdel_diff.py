#!/usr/bin/env python3
"""Compare this crate's razdel chunker with razdel 0.5.0 on any file of texts.

The file holds one text per line, or, with --field, JSON lines whose FIELD is a text, a
list of texts or (as in `fragments.text`) leads to either; `.gz` and `.zst` are unpacked.
Texts are compared line by line, because the example reads lines. Blank lines give no
fragments on either side.

    pip install razdel==0.5.0 zstandard   # in the root of the repository:
    python3.11 scripts/razdel_diff.py FILE [--field NAME]

Prints the first difference and the counts; exit status 1 if anything differs.
"""

import json
import shlex
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version

from razdel import sentenize

from texts import arguments, lines_of, write_texts

RAZDEL = '0.5.0'
COMMAND = 'cargo run --quiet --release --example chunk -- --chunker razdel'


def main():
    parser = arguments(__doc__, COMMAND,
                       'prints a JSON array of fragments for each line of the file given last')
    args = parser.parse_args()
    if version('razdel') != RAZDEL:
        sys.exit('expected razdel %s, found %s' % (RAZDEL, version('razdel')))

    with tempfile.TemporaryDirectory() as folder:
        path = folder + '/lines.txt'
        chars = write_texts(args, path)
        started = time.monotonic()
        found = subprocess.run(shlex.split(args.command) + [path], stdout=subprocess.PIPE, check=False)
        seconds = time.monotonic() - started
        if found.returncode:
            sys.exit('%s: exit status %d' % (args.command, found.returncode))
        answers = found.stdout.decode('utf-8').split('\n')
        answers.pop()

        compared = fragments = different = 0
        started = time.monotonic()
        for text in lines_of(path):
            expected = [fragment.text for fragment in sentenize(text) if fragment.text]
            fragments += len(expected)
            actual = json.loads(answers[compared]) if compared < len(answers) else None
            compared += 1
            if actual != expected:
                different += 1
                if different == 1:
                    print('text   %r\nrazdel %r\nfound  %r' % (text, expected, actual))
        python_seconds = time.monotonic() - started

    if len(answers) != compared:
        different += 1
        print('%d lines gave %d answers' % (compared, len(answers)))
    print('%d texts, %d characters, %d fragments, %d differences' % (compared, chars, fragments, different))
    print('command %.2f s, razdel %.2f s' % (seconds, python_seconds))
    sys.exit(1 if different else 0)


if __name__ == '__main__':
    main()
