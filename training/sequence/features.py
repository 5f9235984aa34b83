"""Vacancies as the network reads them; what is seen of a fragment is computed by the crate (examples/sequence_features)."""

import gzip
import json
import subprocess

import numpy as np
import structure

LABELS = ["responsibilities", "requirements", "terms", "notes", "junk"]
SECTIONS = len(LABELS)
FLOOR = 0.004
# The groups that say the model's probabilities: the first two.
SHARES = 2 * SECTIONS


def read(path):
    """The rows of a .jsonl or .jsonl.gz file."""
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def as_fragments(row):
    """A row of the corpus (`texts`, `blocks`) in the form of the labelled ones."""
    if "fragments" in row:
        return row
    fragments = [{"block": block, "text": text} for block, text in zip(row["blocks"], row["texts"])]
    return {**row, "fragments": fragments}


def of_shares(probabilities):
    """The values of the first two groups."""
    return np.concatenate([np.log(probabilities * (1 - FLOOR) + FLOOR), probabilities], 1)


class Vacancies:
    """Features and words of all fragments, vacancy after vacancy; classes where the rows have labels."""

    def __init__(self, program, rows, with_structure):
        self.rows = [as_fragments(row) for row in rows]
        self.lengths = np.array([len(row["fragments"]) for row in self.rows])
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        fragments = [fragment for row in self.rows for fragment in row["fragments"]]
        if fragments and "label" in fragments[0]:
            self.classes = np.array([LABELS.index(f["label"]) + SECTIONS * f["heading"] for f in fragments])
        self.head, found = compute(program, self.rows, with_structure)
        self.groups = self.head["groups"]
        width = sum(width for _, width in self.groups)
        self.features = np.zeros((len(fragments), width), dtype=np.float32)
        words = []
        for index, (numbers, values, buckets) in enumerate(found):
            self.features[index, numbers] = values
            words.append(np.array(buckets, dtype=np.int64))
        self.word_ends = np.cumsum([len(part) for part in words])
        self.words = np.concatenate(words)

    def words_of(self, start, end):
        """Words of fragments `start..end` and how many each has."""
        first = self.word_ends[start - 1] if start else 0
        ends = self.word_ends[start:end]
        return self.words[first : ends[-1]], np.diff(ends, prepend=first)


def compute(program, rows, with_structure):
    """The head and the rows of the crate, probabilities left even: they are filled in later."""
    lines = []
    for row in rows:
        unknown = [(None, None)] * len(row["fragments"])
        layouts = structure.of_fragments(row) if with_structure and "description" in row else unknown
        fragments = []
        for fragment, (kind, emphasis) in zip(row["fragments"], layouts):
            item = {"block": fragment["block"], "text": fragment["text"], "probabilities": [0.2] * SECTIONS}
            if kind is not None:
                item["kind"], item["emphasis"] = kind, emphasis
            fragments.append(item)
        lines.append(json.dumps({"fragments": fragments}, ensure_ascii=False) + "\n")
    done = subprocess.run([program], input="".join(lines).encode(), stdout=subprocess.PIPE, check=True)
    head, *found = done.stdout.splitlines()
    flat = [fragment for line in found for fragment in json.loads(line)]
    even = of_shares(np.full((1, SECTIONS), 0.2))[0]
    if flat and not np.allclose(flat[0][1][:SHARES], even, atol=1e-5):
        raise SystemExit(f"expected shares {even}, found {flat[0][1][:SHARES]}: the crate weighs them otherwise")
    return json.loads(head), flat
