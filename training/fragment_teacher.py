"""Stage T1: what single fragments say. TF-IDF + logistic regression, cross-fitted over vacancies.

Writes an .npz with probabilities for train (out of fold), dev and the corpus (model of the whole train file),
each in file order.
"""

import argparse
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

import metrics
import rows


def folds_of(count, folds, seed=7):
    """A fold number for each vacancy."""
    return np.random.default_rng(seed).permutation(np.arange(count) % folds)


def fit(texts, labels):
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=3),
    )
    return make_pipeline(features, LogisticRegression(C=8, max_iter=200)).fit(texts, labels)


def predict(model, texts, chunk=20000):
    parts = [model.predict_proba(texts[start : start + chunk]) for start in range(0, len(texts), chunk)]
    return np.concatenate(parts).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    vacancies = rows.read(args.train)
    texts, labels = rows.labelled_fragments(vacancies, args.train)
    labels = np.array(labels)
    vacancy = np.array([index for index, row in enumerate(vacancies) for _ in row["fragments"]])
    fold = folds_of(len(vacancies), args.folds)[vacancy]
    out_of_fold = np.zeros((len(texts), labels.max() + 1), dtype=np.float32)
    started = time.time()
    for index in range(args.folds):
        inside = np.flatnonzero(fold != index)
        outside = np.flatnonzero(fold == index)
        model = fit([texts[i] for i in inside], labels[inside])
        out_of_fold[outside] = predict(model, [texts[i] for i in outside])
        print(f"fold {index} {time.time() - started:.0f} s", flush=True)
    print("train, out of fold: " + metrics.line(metrics.figures(out_of_fold, labels)), flush=True)
    model = fit(texts, labels)
    dev_texts, dev_labels = rows.labelled_fragments(rows.read(args.dev), args.dev)
    dev = predict(model, dev_texts)
    print("dev: " + metrics.line(metrics.figures(dev, dev_labels)), flush=True)
    distinct = {}
    corpus = [distinct.setdefault(text, len(distinct)) for row in rows.read(args.corpus) for text in row["texts"]]
    found = predict(model, list(distinct))[corpus]
    np.savez(args.out, train=out_of_fold, dev=dev, corpus=found)
    print(f"{time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
