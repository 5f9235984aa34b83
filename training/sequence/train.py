"""Learns assets/sequence.txt from labelled vacancies and a model's probabilities of their fragments.

    cargo build --no-default-features --features serde,testing --example sequence_features
    python training/sequence/train.py --program target/debug/examples/sequence_features \\
        --train train.jsonl.gz --dev dev.jsonl.gz --probabilities student.npz tfidf.npz --out assets/sequence.txt

Each .npz holds `train` (out of fold: no row may come from a model that has seen the vacancy) and `dev`, one row of
five probabilities per fragment in file order. Every vacancy is used twice per .npz: as it is, and with the kinds and
emphasis of its HTML and probabilities sharpened or flattened by a random temperature, so that the weights fit models of
different calibration and texts of different structure.
"""

import argparse
import hashlib

import numpy as np

import metrics
import table
from features import Vacancies, read
from fit import decode, fit

THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)


def tempered(probabilities, rows, seed):
    """Probabilities of each vacancy raised to a power of its own, log-uniform from 0.4 to 1.6, and renormalised."""
    lengths = [len(row["fragments"]) for row in rows]
    exponents = np.exp(np.random.default_rng(seed).uniform(np.log(0.4), np.log(1.6), len(rows)))
    powers = np.maximum(probabilities, 1e-9) ** np.repeat(exponents, lengths)[:, None]
    return powers / powers.sum(1, keepdims=True)


def sha(path):
    with open(path, "rb") as data:
        return hashlib.sha256(data.read()).hexdigest()[:16]


def penalties(groups, plain, stems):
    """L2 strength of each feature row: one for the stems, one for the rest."""
    return np.concatenate([np.full(width, stems if name.startswith("stem") else plain) for name, width in groups])


def report(name, marginals, vacancies, threshold):
    """All vacancies, then apart by source format and kind of job."""
    kinds = {"all": lambda row: True, "IT": lambda row: row["it"], "other": lambda row: not row["it"]}
    kinds |= {form: lambda row, form=form: row["format"] == form for form in ("html", "newline", "flat")}
    for kind, belongs in kinds.items():
        picked = np.repeat([belongs(row) for row in vacancies.rows], vacancies.lengths)
        values = metrics.figures(marginals[picked], vacancies.classes[picked], threshold)
        print(f"{name}, {kind}: {metrics.line(values)}", flush=True)


def without_headings(rows, probabilities):
    """The vacancies as their writers might have left them without a single heading line."""
    keep = np.array([not fragment["heading"] for row in rows for fragment in row["fragments"]])
    bare = [{**row, "fragments": [f for f in row["fragments"] if not f["heading"]]} for row in rows]
    return [row for row in bare if row["fragments"]], probabilities[keep]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="examples/sequence_features, built")
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--probabilities", nargs="+", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--l2", type=float, default=20.0)
    parser.add_argument("--stem-l2", type=float, default=40.0)
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--junk-threshold", type=float, default=0.4)
    args = parser.parse_args()

    train, dev = read(args.train), read(args.dev)
    stored = [np.load(path) for path in args.probabilities]
    sets = []
    for seed, npz in enumerate(stored):
        sets.append(Vacancies(args.program, train, npz["train"], False))
        sets.append(Vacancies(args.program, train, tempered(npz["train"], train, seed), True))
    share = np.full(len(train), 1.0 / len(sets))
    first = sets[0]
    groups = first.groups
    sets = [(vacancies, share) for vacancies in sets]
    strengths = penalties(groups, args.l2, args.stem_l2)
    vector, weights = fit(sets, strengths, args.iterations, verbose=True)
    for path, npz in zip(args.probabilities, stored):
        cases = {
            "plain": (dev, npz["dev"], False),
            "HTML layout": (dev, npz["dev"], True),
            "headings taken out": (*without_headings(dev, npz["dev"]), False),
        }
        for case, (rows, probabilities, layout) in cases.items():
            vacancies = Vacancies(args.program, rows, probabilities, layout)
            marginals = decode(vector, weights, vacancies)
            report(f"dev, {path}, {case}", marginals, vacancies, args.junk_threshold)
            if case == "plain":
                for threshold in THRESHOLDS:
                    values = metrics.figures(marginals, vacancies.classes, threshold)
                    print(f"  junk from {threshold:.2f}: {metrics.line(values)}")
    comments = [f"train {sha(args.train)}", f"l2 {args.l2:g} stem-l2 {args.stem_l2:g}"]
    comments += [f"probabilities {sha(path)}" for path in args.probabilities]
    table.write(args.out, first, weights.split(vector), args.junk_threshold, comments)


if __name__ == "__main__":
    main()
