"""Probabilities of students on train (out of fold), dev and the corpus, in the form that context_teacher.py reads.

With `--folds` the models are those of finetune.py --fold 0, 1, ...: train is predicted by the model that has
not seen the vacancy, the rest by the mean of all.
"""

import argparse

import numpy as np
import torch

import encoder
import metrics
import rows
from fragment_teacher import folds_of


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", required=True, help="one model that has not seen train, or one per fold")
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--corpus")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = encoder.load_tokenizer(args.models[0])
    models = [encoder.load_model(path) for path in args.models]

    def mean(texts):
        distinct = {}
        where = [distinct.setdefault(text, len(distinct)) for text in texts]
        sequences = encoder.encode(tokenizer, list(distinct))
        return (sum(encoder.softmax(encoder.logits(model, sequences)) for model in models) / len(models))[where]

    vacancies = rows.read(args.train)
    texts, labels = rows.labelled_fragments(vacancies, args.train)
    fold = folds_of(len(vacancies), len(models))[[i for i, row in enumerate(vacancies) for _ in row["fragments"]]]
    sequences = encoder.encode(tokenizer, texts)
    train = np.zeros((len(texts), 5), dtype=np.float32)
    for index, model in enumerate(models):
        picked = np.flatnonzero(fold == index)
        train[picked] = encoder.softmax(encoder.logits(model, [sequences[i] for i in picked]))
    print("train, out of fold: " + metrics.line(metrics.figures(train, labels)), flush=True)
    dev_texts, dev_labels = rows.labelled_fragments(rows.read(args.dev), args.dev)
    dev = mean(dev_texts)
    print("dev: " + metrics.line(metrics.figures(dev, dev_labels)), flush=True)
    stored = {"train": train, "dev": dev}
    if args.corpus:
        stored["corpus"] = mean([text for row in rows.read(args.corpus) for text in row["texts"]])
    np.savez(args.out, **stored)


if __name__ == "__main__":
    main()
