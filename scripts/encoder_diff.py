#!/usr/bin/env python3
"""Compare this crate's WordPiece encoder with transformers' AutoTokenizer on any file of texts.

The file and --field are those of razdel_diff.py: a text per line, or JSON lines whose FIELD leads to
texts. Texts are compared line by line, each twice: cut to 128 tokens, as `truncation=True,
max_length=128` cuts it, and in windows, whose pieces must be those of the whole text.

    pip install -r benches/compare/requirements.txt zstandard   # in the root of the repository:
    python3.11 scripts/encoder_diff.py FILE [--field NAME] [--model assets]

Prints the first difference and the counts; exit status 1 if anything differs.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from itertools import islice

os.environ['TRANSFORMERS_VERBOSITY'] = 'error'

import tokenizers
import transformers

from texts import arguments, lines_of, write_texts

COMMAND = 'cargo run --quiet --release --example word_pieces --'
MAX_LENGTH = 128
BATCH = 10000


def answers_of(command, path, answers):
    """Writes the program's answers to a file, and gives their lines back one by one."""
    with open(answers, 'wb') as output:
        found = subprocess.run(command + [path], stdout=output, check=False)
    if found.returncode:
        sys.exit('%s: exit status %d' % (command[0], found.returncode))
    return lines_of(answers)


def main():
    parser = arguments(__doc__, COMMAND,
                       'prints a JSON array of windows for each line of the file given last')
    parser.add_argument('--model', default='assets', help='directory of the tokenizer')
    args = parser.parse_args()
    tokenizer = transformers.AutoTokenizer.from_pretrained(args.model)
    start, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    command = shlex.split(args.command) + ['--model', args.model]

    texts = pieces = long = different = 0
    with tempfile.TemporaryDirectory() as folder:
        path = folder + '/lines.txt'
        chars = write_texts(args, path)
        split = answers_of(command, path, folder + '/split.jsonl')
        cut = answers_of(command + ['--truncate'], path, folder + '/cut.jsonl')
        lines = lines_of(path)
        while batch := list(islice(lines, BATCH)):
            whole = tokenizer(batch, add_special_tokens=False)['input_ids']
            short = tokenizer(batch, truncation=True, max_length=MAX_LENGTH)['input_ids']
            for text, whole, short in zip(batch, whole, short):
                windows, one = json.loads(next(split, 'null')), json.loads(next(cut, 'null'))
                texts += 1
                pieces += len(whole)
                long += len(whole) > MAX_LENGTH - 2
                framed = windows is not None and all(
                    row[0] == start and row[-1] == end and len(row) <= MAX_LENGTH for row in windows)
                found = [id for row in windows for id in row[1:-1]] if framed else None
                if found != whole or one != [short]:
                    different += 1
                    if different == 1:
                        print('text  %r\npieces %r\nfound  %r\ncut    %r\nfound  %r'
                              % (text, whole, windows, short, one))
        if next(split, None) is not None or next(cut, None) is not None:
            different += 1
            print('more answers than texts')
    print('transformers %s, tokenizers %s, %s' % (
        transformers.__version__, tokenizers.__version__, type(tokenizer).__name__))
    print('%d texts, %d characters, %d pieces, %d texts of more than %d pieces, %d differences'
          % (texts, chars, pieces, long, MAX_LENGTH - 2, different))
    sys.exit(1 if different else 0)


if __name__ == '__main__':
    main()
