"""The texts of a file of lines or of JSON lines, for the scripts that compare."""

import argparse
import gzip
import io
import json
import re
import sys


def lines_of(path):
    """The lines of a file, split at \\n only."""
    if path.endswith('.gz'):
        raw = gzip.open(path, 'rb')
    elif path.endswith('.zst'):
        import zstandard
        raw = zstandard.ZstdDecompressor().stream_reader(open(path, 'rb'), read_across_frames=True)
    else:
        raw = open(path, 'rb')
    with raw, io.TextIOWrapper(raw, encoding='utf-8', newline='\n') as lines:
        for line in lines:
            yield line.removesuffix('\n')


def texts_at(value, path):
    """The strings that `path` leads to inside a JSON value."""
    if isinstance(value, list):
        for item in value:
            yield from texts_at(item, path)
    elif path:
        if not isinstance(value, dict) or path[0] not in value:
            raise ValueError('no field "%s" in a row' % path[0])
        yield from texts_at(value[path[0]], path[1:])
    elif isinstance(value, str):
        yield value
    elif value is not None:
        raise ValueError('expected a text, found %s' % type(value).__name__)


def texts_of(path, field, normalise):
    for line in lines_of(path):
        texts = texts_at(json.loads(line), field.split('.')) if field else [line]
        for text in texts:
            # A lone surrogate can stand in JSON, but not in a UTF-8 line.
            text = text.encode('utf-8', 'replace').decode('utf-8')
            for part in re.split(r'[\n\r]+', text) if normalise else text.split('\n'):
                yield re.sub(r'\s+', ' ', part).strip() if normalise else part


def arguments(doc, command, prints):
    """The arguments that every comparison takes; `prints` is what the command does."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument('file', metavar='FILE')
    parser.add_argument('--field', help='FILE is JSON lines; a.b goes into objects and lists')
    parser.add_argument('--normalise', action='store_true',
                        help='split at \\r too and collapse white space, as blocks are made')
    parser.add_argument('--command', default=command, help=prints)
    return parser


def write_texts(args, path):
    """Writes the texts of FILE to the lines of another file; gives the number of characters."""
    chars = 0
    with open(path, 'w', encoding='utf-8', newline='') as output:
        try:
            for text in texts_of(args.file, args.field, args.normalise):
                chars += len(text)
                output.write(text + '\n')
        except (OSError, ValueError) as error:
            sys.exit('%s: %s' % (args.file, error))
    return chars
