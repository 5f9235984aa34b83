"""Labels of annotations/lines.tsv: what a reader says of a corpus line that stands alone, without its vacancy.

A line of the file names a corpus line by the first 12 hex digits of the SHA-256 of its identity (`blocks.identity`) and
gives it one code out of R Q T N J. No text is stored.
"""

import annotated
import blocks
import rows


def key(text):
    return annotated.key(blocks.identity(text))[:12]


def read(path):
    """Label index by key."""
    found = {}
    for place, name, code in rows.pairs(path):
        if len(name) != 12:
            raise SystemExit(f"{place}: expected 12 hex digits, found {name!r}")
        found[name] = annotated.label_index(code, place)
    return found
