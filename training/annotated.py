"""Stage 0b: labels of annotations/*.tsv + the descriptions they belong to -> labelled rows, as train has them.

A line of a .tsv names a description by the first 16 hex digits of the SHA-256 of its text, and gives one code to each of
its fragments: R Q T N J for content of responsibilities, requirements, terms, notes, junk; the lower-case letter for a
heading that only announces them; ranges cover 1..n in order: `n1 N2-4 r5 R6-12`. No text is stored.
"""

import argparse
import hashlib
import re

import blocks
import rows
from labels import INDEX, LABELS

CODES = dict(zip("RQTNJ", LABELS))
RANGE = re.compile(r"([RQTNJrqtnj])(\d+)(?:-(\d+))?")


def key(description):
    return hashlib.sha256(description.encode()).hexdigest()[:16]


def label_index(code, place):
    """Label of a single upper-case code."""
    if code not in CODES:
        raise SystemExit(f"{place}: expected a code out of {list(CODES)}, found {code!r}")
    return INDEX[CODES[code]]


def expand(codes, count):
    """`(label, heading)` of each of `count` fragments."""
    found = []
    for code in codes.split(" "):
        match = RANGE.fullmatch(code)
        first, last = (int(match[2]), int(match[3] or match[2])) if match else (0, 0)
        if first != len(found) + 1 or last < first:
            raise ValueError(f"expected a range that starts at {len(found) + 1}, found {code!r}")
        found += [(CODES[match[1].upper()], match[1].islower())] * (last - first + 1)
    if len(found) != count:
        raise ValueError(f"expected codes for {count} fragments, found {len(found)}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--descriptions", required=True)
    parser.add_argument("--annotations", nargs="+", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--corpus", help="with --rows: the corpus of corpus.py")
    parser.add_argument("--rows", help="where to store the numbers of the corpus rows that are labelled now")
    args = parser.parse_args()

    codes = {}
    for path in args.annotations:
        for _, name, found in rows.pairs(path):
            codes[name] = (path, found)
    out = []
    for row in rows.read(args.descriptions):
        name = key(row["description"])
        if name not in codes:
            continue
        path, found = codes.pop(name)
        pairs = blocks.fragments(row["description"], row["format"])
        try:
            labels = expand(found, len(pairs))
        except ValueError as error:
            raise SystemExit(f"{path}: {name}: {error}")
        fragments = [
            {"block": block, "text": text, "label": label, "heading": heading}
            for (block, text), (label, heading) in zip(pairs, labels)
        ]
        common = {part: row[part] for part in ("format", "title", "description")}
        out.append({"id": name, **common, "fragments": fragments})
    if codes:
        raise SystemExit(f"expected descriptions for all annotations, found none for {sorted(codes)[:5]} ({len(codes)} in all)")
    rows.write(args.out, out)
    if args.corpus:
        labelled = {tuple(fragment["text"] for fragment in row["fragments"]) for row in out}
        with open(args.rows, "w", encoding="utf-8") as numbers:
            for number, row in enumerate(rows.read(args.corpus)):
                if tuple(row["texts"]) in labelled:
                    numbers.write(f"{number}\n")
    print(f"{len(out)} vacancies, {sum(len(row['fragments']) for row in out)} fragments")


if __name__ == "__main__":
    main()
