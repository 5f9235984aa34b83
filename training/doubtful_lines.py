"""Lines whose labels surprise students that never saw them: each half of the lines is judged by students of the other half.

Writes `key<TAB>text`, the most surprising lines first, for a reader who judges each alone; the key is that of `readings.py`.
"""

import argparse

import numpy as np
import torch

import encoder
import lines
import readings


def surprise(targets, found):
    """Kullback–Leibler divergence of the labels from what was `found`, row by row."""
    return (targets * (np.log(targets + 1e-3) - np.log(found + 1e-3))).sum(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--halves", nargs=2, action="append", required=True, help="students of half 0 and of half 1 (student.py --half)")
    lines.add_arguments(parser)
    parser.add_argument("--count", type=int, default=25000)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)

    known = lines.corpus_lines(args)
    tokenizer = encoder.load_tokenizer(args.halves[0][0])
    sequences = encoder.encode(tokenizer, known.texts)
    found = np.zeros((len(sequences), 5), dtype=np.float32)
    for pair in args.halves:
        for half, folder in enumerate(pair):
            others = np.flatnonzero(known.half(1 - half))
            opinion = encoder.softmax(encoder.logits(encoder.load_model(folder), [sequences[line] for line in others]))
            found[others] += opinion / len(args.halves)
    targets, _ = known.targets(args.hand_weight)
    print(f"{(targets.argmax(1) != found.argmax(1)).mean():.4f} of {len(sequences)} lines judged otherwise")
    telling = np.array([sum(letter.isalpha() for letter in text) >= 3 for text in known.texts])
    order = np.argsort(-np.where(telling, surprise(targets, found), -np.inf), kind="stable")
    with open(args.out, "w", encoding="utf-8") as out:
        for line in order[: args.count]:
            out.write(f"{readings.key(known.texts[line])}\t{' '.join(known.texts[line].split())}\n")


if __name__ == "__main__":
    main()
