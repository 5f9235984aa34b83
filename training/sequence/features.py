"""Feature rows of scored vacancies, computed by the crate itself (examples/sequence_features)."""

import gzip
import json
import subprocess

import numpy as np
from scipy import sparse

import structure
from chain import SECTIONS, Layout, gold_states

LABELS = ["responsibilities", "requirements", "terms", "notes", "junk"]


def read(path):
    """The vacancies of a .jsonl or .jsonl.gz file."""
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


class Vacancies:
    """Labelled vacancies with probabilities of a model: sparse features, layout, classes, states."""

    def __init__(self, program, rows, probabilities, with_structure):
        self.rows = rows
        self.lengths = [len(row["fragments"]) for row in rows]
        fragments = [fragment for row in rows for fragment in row["fragments"]]
        if len(fragments) != len(probabilities):
            raise SystemExit(f"expected {len(fragments)} rows of probabilities, found {len(probabilities)}")
        self.classes = np.array([LABELS.index(f["label"]) + SECTIONS * f["heading"] for f in fragments])
        self.states = gold_states(self.classes, self.lengths)
        head, found = compute(program, list(scored(rows, probabilities, with_structure)))
        self.groups, self.links, self.gates = head["groups"], head["links"], head["gates"]
        flat = [fragment for vacancy in found for fragment in vacancy]
        numbers = [np.asarray(row[0]) for row in flat]
        bounds = np.concatenate([[0], np.cumsum([len(row) for row in numbers])])
        values = np.concatenate([np.asarray(row[1]) for row in flat])
        width = sum(width for _, width in self.groups)
        self.features = sparse.csr_matrix((values, np.concatenate(numbers), bounds), shape=(len(flat), width))
        self.layout = Layout(self.lengths, [row[2] for row in flat], [row[3] for row in flat])


def scored(rows, probabilities, with_structure):
    at = 0
    for row in rows:
        layouts = structure.of_fragments(row) if with_structure else [(None, None)] * len(row["fragments"])
        fragments = []
        for fragment, (kind, emphasis) in zip(row["fragments"], layouts):
            item = {"block": fragment["block"], "text": fragment["text"]}
            item["probabilities"] = [float(value) for value in probabilities[at]]
            if kind is not None:
                item["kind"], item["emphasis"] = kind, emphasis
            fragments.append(item)
            at += 1
        yield {"fragments": fragments}


def compute(program, vacancies):
    text = "".join(json.dumps(vacancy, ensure_ascii=False) + "\n" for vacancy in vacancies)
    done = subprocess.run([program], input=text.encode(), stdout=subprocess.PIPE, check=True)
    head, *rows = done.stdout.decode().splitlines()
    return json.loads(head), [json.loads(row) for row in rows]
