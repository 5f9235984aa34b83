"""Stage 3: fine-tuning on hand-labelled vacancies, class-weighted cross-entropy, early stopping on dev.

With `--corpus` and `--teacher` the student goes on seeing soft-labelled lines between the hand labels, so that it
does not forget what the context teacher taught it. With `--fold` one part of the vacancies is left out: the
models of all folds give out-of-fold probabilities (predict.py).
"""

import argparse

import torch

import encoder
import loop
import rows
from distil import training_lines
from fragment_teacher import folds_of
from labels import LABELS, smoothed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--start", required=True, help="checkpoint to start from")
    parser.add_argument("--out", required=True)
    parser.add_argument("--class-weight-power", type=float, default=0.5, help="1: balanced, 0: true shares")
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--corpus", help="with --teacher: soft-labelled lines to mix in")
    parser.add_argument("--teacher", nargs="+", help=".npz of context_teacher.py or document_teacher.py, averaged")
    parser.add_argument("--extra", help="soft-labelled lines of weak_lines.py")
    parser.add_argument("--repeat", type=int, default=1, help="how often hand labels stand beside each soft line")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--fold", type=int, help="leave this fold of the vacancies out")
    loop.add_arguments(parser, rate=3e-4, steps=700, evaluate=50)
    args = parser.parse_args()
    loop.set_up(args)

    tokenizer = encoder.load_tokenizer(args.start)
    vacancies = rows.read(args.train)
    if args.fold is not None:
        fold = folds_of(len(vacancies), args.folds)
        vacancies = [row for index, row in enumerate(vacancies) if fold[index] != args.fold]
    texts, labels = rows.labelled_fragments(vacancies, args.train)
    hard = torch.nn.functional.one_hot(torch.tensor(labels), len(LABELS)).float()
    targets = smoothed(hard, args.smoothing)
    weights = loop.class_weights(hard, args.class_weight_power)
    print(f"{len(texts)} fragments, class weights {[round(float(w), 2) for w in weights]}", flush=True)
    sequences = encoder.encode(tokenizer, texts) * args.repeat
    targets = targets.repeat(args.repeat, 1)
    if args.corpus:
        lines, soft = training_lines(args.corpus, args.teacher, args.extra)
        sequences += encoder.encode(tokenizer, lines)
        targets = torch.cat([targets, soft])

    model = encoder.load_model(args.start)
    dev = loop.Dev(tokenizer, *rows.labelled_fragments(rows.read(args.dev), args.dev))
    save = lambda best: encoder.save(best, args.start, args.out)
    loop.train(model, tokenizer, sequences, targets, args, dev, save, weights)


if __name__ == "__main__":
    main()
