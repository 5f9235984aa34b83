"""Stage 3: fine-tuning on hand-labelled vacancies, class-weighted cross-entropy, early stopping on dev."""

import argparse

import torch

import encoder
import loop
import rows
from labels import LABELS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--start", required=True, help="checkpoint to start from")
    parser.add_argument("--out", required=True)
    parser.add_argument("--class-weight-power", type=float, default=0.5, help="1: balanced, 0: true shares")
    parser.add_argument("--smoothing", type=float, default=0.05)
    loop.add_arguments(parser, rate=3e-4, steps=700, evaluate=50)
    args = parser.parse_args()
    loop.set_up(args)

    tokenizer = encoder.load_tokenizer(args.start)
    texts, labels = rows.labelled_fragments(rows.read(args.train), args.train)
    hard = torch.nn.functional.one_hot(torch.tensor(labels), len(LABELS)).float()
    targets = hard * (1 - args.smoothing) + args.smoothing / len(LABELS)
    weights = loop.class_weights(hard, args.class_weight_power)
    print(f"{len(texts)} fragments, class weights {[round(float(w), 2) for w in weights]}", flush=True)

    model = encoder.load_model(args.start)
    dev = loop.Dev(tokenizer, *rows.labelled_fragments(rows.read(args.dev), args.dev))
    save = lambda best: encoder.save(best, args.start, args.out)
    loop.train(model, encoder.encode(tokenizer, texts), targets, args, dev, save, weights)


if __name__ == "__main__":
    main()
