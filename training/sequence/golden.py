"""Writes tests/data/sequence.jsonl: what PyTorch makes of a few vacancies with the weights of assets/sequence.bin.

    cargo build --release --features serde,testing --example sequence_features
    python training/sequence/golden.py --program target/release/examples/sequence_features

The texts are those of assets/golden, the probabilities are drawn.
"""

import argparse
import json
import pathlib

import numpy as np
from features import SECTIONS, Vacancies, read
from network import load
from train import decode

ROOT = pathlib.Path(__file__).parent.parent.parent
COUNT = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--out", default=ROOT / "tests/data/sequence.jsonl")
    args = parser.parse_args()
    net, _ = load(ROOT / "assets/sequence.bin")
    rows = read(ROOT / "assets/golden/golden.jsonl")[:COUNT]
    count = sum(len(row["fragments"]) for row in rows)
    drawn = np.random.default_rng(4).dirichlet([0.5] * SECTIONS, count).astype(np.float32).round(4) + 1e-4
    shares = (drawn / drawn.sum(1, keepdims=True)).astype(np.float32)
    classes = decode(net, Vacancies(args.program, rows, False), shares)
    out, at = [], 0
    for row in rows:
        fragments = []
        for fragment in row["fragments"]:
            found = classes[at]
            fragments.append(
                {
                    "block": fragment["block"],
                    "text": fragment["text"],
                    "probabilities": [float(value) for value in shares[at]],
                    "sections": [round(float(value), 6) for value in found[:SECTIONS] + found[SECTIONS:]],
                    "heading": round(float(found[SECTIONS:].sum()), 6),
                }
            )
            at += 1
        out.append(json.dumps({"fragments": fragments}, ensure_ascii=False))
    pathlib.Path(args.out).write_text("\n".join(out) + "\n", encoding="utf-8")
    print(f"{len(out)} vacancies, {count} fragments")


if __name__ == "__main__":
    main()
