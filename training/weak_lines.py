"""Stage T4: soft labels for the heading-labelled lines that the corpus does not hold.

A weak label w is read as evidence: the student's probabilities of the line times P(w | section), which is counted
on the lines that the weak file shares with train. Lines of vacancies that were left out of the corpus stay out.
"""

import argparse

import numpy as np
import torch

import blocks
import encoder
import rows
from labels import LABELS


def evidence(weak, train, path):
    """P(weak label | section), rows by section; junk and unseen pairs by add-one smoothing."""
    seen = {}
    for text, label in zip(*rows.labelled_fragments(train, path)):
        seen.setdefault(blocks.normalised(text), np.zeros(len(LABELS)))[label] += 1
    counts = np.ones((len(LABELS), len(LABELS)))
    for key, label in weak:
        counts[:, label] += seen.get(key, 0)
    return counts / counts.sum(1, keepdims=True)


def joined(own, table, labels):
    """Probabilities of the sections, given a student's and the weak labels as evidence."""
    joint = own * table[:, labels].T
    return joint / joint.sum(1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weak", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--corpus", nargs="+", required=True, help="corpus and left-out lines of corpus.py")
    parser.add_argument("--student", required=True, help="checkpoint that has not seen train")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    known = {blocks.normalised(text) for path in args.corpus for row in rows.read(path) for text in row["texts"]}
    for path in (args.train, args.dev):
        known |= {blocks.normalised(text) for text in rows.labelled_fragments(rows.read(path), path)[0]}
    weak = rows.read(args.weak)
    labelled = [(blocks.normalised(row["text"]), rows.label_index(row, args.weak)) for row in weak]
    table = evidence(labelled, rows.read(args.train), args.train)
    picked = [i for i, (key, _) in enumerate(labelled) if key and key not in known]
    texts = [weak[i]["text"] for i in picked]
    model = encoder.load_model(args.student)
    own = encoder.softmax(encoder.logits(model, encoder.encode(encoder.load_tokenizer(args.student), texts)))
    joint = joined(own, table, [labelled[i][1] for i in picked])
    rows.write(args.out, ({"text": text, "soft": [round(float(x), 4) for x in row]} for text, row in zip(texts, joint)))
    print(f"{len(texts)} lines, mean {joint.mean(0).round(3)}, student and result agree on {(own.argmax(1) == joint.argmax(1)).mean():.3f}")


if __name__ == "__main__":
    main()
