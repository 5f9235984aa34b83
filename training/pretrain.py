"""Stage 2: pre-training on fragments labelled by the heading above them."""

import argparse

import torch

import blocks
import encoder
import loop
import rows
from labels import LABELS, smoothed

SMOOTHING = 0.1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weak", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--tokenizer", required=True, help="folder of stage 1")
    parser.add_argument("--shape", default="160,2,5,320", help="width, layers, heads, feed-forward")
    parser.add_argument("--exclude", nargs="*", default=[], help="labelled files whose long fragments are left out")
    parser.add_argument("--out", required=True)
    loop.add_arguments(parser, rate=1e-3, steps=1500, evaluate=250)
    args = parser.parse_args()
    loop.set_up(args)

    known = set()
    for path in args.exclude:
        for text in rows.labelled_fragments(rows.read(path), path)[0]:
            key = blocks.normalised(text)
            if len(key) >= 25:
                known.add(key)
    weak = [row for row in rows.read(args.weak) if blocks.normalised(row["text"]) not in known]
    tokenizer = encoder.load_tokenizer(args.tokenizer)
    sequences = encoder.encode(tokenizer, [row["text"] for row in weak])
    gold = torch.tensor([rows.label_index(row, args.weak) for row in weak])
    targets = torch.nn.functional.one_hot(gold, len(LABELS)).float()
    targets = smoothed(targets, SMOOTHING)
    print(f"{len(weak)} fragments", flush=True)

    model = encoder.new_model(tokenizer.get_vocab_size(), [int(x) for x in args.shape.split(",")])
    dev = loop.Dev(tokenizer, *rows.labelled_fragments(rows.read(args.dev), args.dev))
    loop.train(model, tokenizer, sequences, targets, args, dev, lambda best: encoder.save(best, args.tokenizer, args.out))


if __name__ == "__main__":
    main()
