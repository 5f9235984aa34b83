"""Reading and writing JSON-lines files (plain, .gz or .zst by suffix), and reading tables of two columns."""

import contextlib
import gzip
import io
import json

import zstandard

from labels import INDEX


@contextlib.contextmanager
def open_text(path):
    path = str(path)
    if path.endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield lines
    elif path.endswith(".zst"):
        with open(path, "rb") as raw:
            reader = zstandard.ZstdDecompressor().stream_reader(raw)
            yield io.TextIOWrapper(reader, encoding="utf-8")
    else:
        with open(path, encoding="utf-8") as lines:
            yield lines


def read(path):
    """All rows of a JSON-lines file."""
    rows = []
    with open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise SystemExit(f"{path}:{number}: expected one JSON object per line: {error}")
    return rows


def pairs(path):
    """`(place, first, second)` of each line `first<TAB>second`, comments left out; the second may hold tabs."""
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("#"):
                continue
            fields = line.rstrip("\n").split("\t", 1)
            if len(fields) != 2 or not all(fields):
                raise SystemExit(f"{path}:{number}: expected two columns with a tab between them, found {line!r}")
            yield (f"{path}:{number}", *fields)


def plain_lines(path):
    """The lines of a text file."""
    with open_text(path) as lines:
        return [line.rstrip("\n") for line in lines]


def write(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def label_index(row, path):
    label = row.get("label")
    if label not in INDEX:
        raise SystemExit(f"{path}: expected a label out of {list(INDEX)}, found {label!r}")
    return INDEX[label]


def labelled_fragments(vacancies, path):
    """Texts and label indices of all fragments, in file order."""
    texts, labels = [], []
    for vacancy in vacancies:
        for fragment in vacancy["fragments"]:
            texts.append(fragment["text"])
            labels.append(label_index(fragment, path))
    return texts, labels
