"""Labels of annotations/lines.tsv: what a reader says of a corpus line that stands alone, without its vacancy.

A line of the file names a corpus line by the first 12 hex digits of the SHA-256 of its identity (`blocks.identity`) and
gives it one code out of R Q T N J. No text is stored.
"""

import hashlib

import blocks
from annotated import CODES
from labels import LABELS


def key(text):
    return hashlib.sha256(blocks.identity(text).encode()).hexdigest()[:12]


def read(path):
    """Label index by key."""
    found = {}
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("#"):
                continue
            name, _, code = line.rstrip("\n").partition("\t")
            if len(name) != 12 or code not in CODES:
                raise SystemExit(f"{path}:{number}: expected 12 hex digits, a tab and a code out of {list(CODES)}, found {line!r}")
            found[name] = LABELS.index(CODES[code])
    return found
