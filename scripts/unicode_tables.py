#!/usr/bin/env python3
"""Write src/chunk/razdel/tables.rs: the character classes that razdel sees.

razdel's rules ask Python's `re` (\\w, \\d, \\s) and Python's `str` (isalpha,
isdigit, islower, isupper). Rust's `char` methods follow another Unicode version
and other definitions (combining marks, U+001C-U+001F, superscript digits), so the
answers of one fixed interpreter are written down here: CPython 3.11 with
Unicode 14.0.0. Another interpreter is refused unless --any-version is given.

    python3.11 scripts/unicode_tables.py            # write the table
    python3.11 scripts/unicode_tables.py --check    # compare it with this interpreter
"""

import argparse
import re
import sys
import unicodedata
from pathlib import Path

PYTHON = (3, 11)
UNICODE = '14.0.0'
OUTPUT = Path(__file__).resolve().parent.parent / 'src/chunk/razdel/tables.rs'

MARK, LETTER, DIGIT, SPACE = 0, 1, 2, 3  # low two bits: the kind of token
ALPHA, DIGIT_VALUE, LOWER, UPPER, TITLE = 4, 8, 16, 32, 64
ALTERNATES = 128  # the run alternates UPPER (first) and LOWER


def bits(ch):
    """The class byte of one character."""
    space = re.fullmatch(r'\s', ch) is not None
    decimal = re.fullmatch(r'\d', ch) is not None
    word = re.fullmatch(r'\w', ch) is not None
    mark = re.fullmatch(r'[^\w\s]', ch) is not None
    letter = re.fullmatch(r'[^\W\d]', ch) is not None
    # The four kinds must partition the characters: tokens rely on it.
    assert [space, decimal, mark, letter].count(True) == 1
    assert word == (decimal or letter)
    assert space == ch.isspace() == (ch.strip() == '')

    value = LETTER if letter else DIGIT if decimal else SPACE if space else MARK
    upper = ch.isupper()
    title = ch.istitle() and not upper
    if ch.isalpha():
        value |= ALPHA
    if ch.isdigit():
        value |= DIGIT_VALUE
    if ch.islower():
        value |= LOWER
    if upper:
        value |= UPPER
    if title:
        value |= TITLE

    # `str.islower` of a longer string: one lower-case character, none upper or title.
    assert ('a' + ch).islower() == (ch + 'a').islower() == (not (upper or title))
    assert (ch + '1').islower() == ch.islower()
    # A digit string is never alphabetic, a decimal is always a digit.
    assert not (ch.isdigit() and ch.isalpha())
    assert ch.isdigit() or not decimal
    # `casefold` in abbreviations.rs knows ASCII and А..Я only. No other character
    # may lower to a string made of characters that the word lists use.
    lower = ch.lower()
    if lower != ch and not ('A' <= ch <= 'Z' or 'А' <= ch <= 'Я'):
        assert not re.fullmatch('[а-яa-jl-z§]+', lower), hex(ord(ch))
    return value


def classes():
    """The class byte of every code point; surrogates count as MARK."""
    return [
        MARK if 0xD800 <= point <= 0xDFFF else bits(chr(point))
        for point in range(sys.maxunicode + 1)
    ]


def runs(values):
    """(start, byte) of each run of equal or alternating class bytes."""
    out = []
    point = 0
    while point < len(values):
        start, value = point, values[point]
        while point < len(values) and values[point] == value:
            point += 1
        if point - start == 1 and value & UPPER:
            pair = (value, value ^ UPPER ^ LOWER)
            stop = start
            while stop < len(values) and values[stop] == pair[(stop - start) % 2]:
                stop += 1
            if stop - start > 1:
                point, value = stop, value | ALTERNATES
        out.append((start, value))
    return out


def lookup(table, point):
    """The same walk as classes.rs, for --check."""
    low, high = 0, len(table)
    while low < high:
        middle = (low + high) // 2
        if table[middle][0] <= point:
            low = middle + 1
        else:
            high = middle
    start, value = table[low - 1]
    if value & ALTERNATES:
        value ^= ALTERNATES
        if (point - start) % 2:
            value ^= UPPER | LOWER
    return value


def checksum(values):
    """64-bit FNV-1a over the class bytes of all code points but surrogates."""
    state = 0xCBF29CE484222325
    for point, value in enumerate(values):
        if not 0xD800 <= point <= 0xDFFF:
            state = ((state ^ value) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return state


def rust(values):
    table = runs(values)
    for point, value in enumerate(values):
        assert lookup(table, point) == value
    python = '.'.join(map(str, PYTHON))
    lines = [
        '//! Character classes of CPython %s (Unicode %s).' % (python, UNICODE),
        '//!',
        '//! Written by `scripts/unicode_tables.py`; do not edit.',
        '',
        '/// Runs of characters of one class, ascending: `first code point << 8 | class`.',
        '/// The bits of the class are named in `classes.rs`.',
        '#[rustfmt::skip]',
        'pub(super) static RUNS: [u32; %d] = [' % len(table),
    ]
    cells = ['0x%x' % (start << 8 | value) for start, value in table]
    row = '   '
    for cell in cells:
        if len(row) + len(cell) + 2 > 100:
            lines.append(row)
            row = '   '
        row += ' ' + cell + ','
    lines += [row, '];', '']
    digits = '%016x' % checksum(values)
    grouped = '_'.join(digits[i:i + 4] for i in range(0, 16, 4))
    lines += [
        '/// 64-bit FNV-1a of the class bytes of all characters in order.',
        '#[cfg(test)]',
        'pub(super) const CHECKSUM: u64 = 0x%s;' % grouped,
        '',
    ]
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--check', action='store_true', help='compare, write nothing')
    parser.add_argument('--any-version', action='store_true', help='accept another Python')
    args = parser.parse_args()

    if not args.any_version:
        if sys.version_info[:2] != PYTHON or unicodedata.unidata_version != UNICODE:
            sys.exit('expected Python %d.%d with Unicode %s, found %s with %s' % (
                *PYTHON, UNICODE, sys.version.split()[0], unicodedata.unidata_version))
    text = rust(classes())
    if args.check:
        if OUTPUT.read_text(encoding='utf-8') != text:
            sys.exit('%s differs from this interpreter' % OUTPUT)
        print('%s is up to date' % OUTPUT.name)
    else:
        OUTPUT.write_text(text, encoding='utf-8')
        print('%s: %d bytes' % (OUTPUT.name, len(text)))


if __name__ == '__main__':
    main()
