"""Figures of a table on a labelled file, for models of single fragments: by source and kind of job, by junk threshold.

    python training/sequence/figures.py --program target/release/examples/sequence_features \\
        --table assets/sequence.bin --dev dev.jsonl.gz --probabilities student.npz
"""

import argparse

import metrics
import numpy as np
from features import Vacancies, read
from network import load
from train import decode

THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)
KINDS = {"all": lambda row: True, "IT": lambda row: row["it"], "other": lambda row: not row["it"]}
KINDS |= {form: lambda row, form=form: row["format"] == form for form in ("html", "newline", "flat")}


def without_headings(rows, probabilities):
    """The vacancies as their writers might have left them without a single heading line."""
    keep = np.array([not fragment["heading"] for row in rows for fragment in row["fragments"]])
    bare = [{**row, "fragments": [f for f in row["fragments"] if not f["heading"]]} for row in rows]
    return [row for row in bare if row["fragments"]], probabilities[keep]


def report(name, net, program, rows, probabilities, threshold):
    """Plain, with the layout of the HTML, and with all headings taken out; each apart by source and kind of job."""
    cases = {
        "plain": (rows, probabilities, False),
        "HTML layout": (rows, probabilities, True),
        "headings taken out": (*without_headings(rows, probabilities), False),
    }
    for case, (found, shares, layout) in cases.items():
        vacancies = Vacancies(program, found, layout)
        classes = decode(net, vacancies, shares)
        for kind, belongs in KINDS.items():
            picked = np.repeat([belongs(row) for row in vacancies.rows], vacancies.lengths)
            values = metrics.figures(classes[picked], vacancies.classes[picked], threshold)
            print(f"{name}, {case}, {kind}: {metrics.line(values)}", flush=True)
        if case == "plain":
            for other in THRESHOLDS:
                print(f"  junk from {other:.2f}: {metrics.line(metrics.figures(classes, vacancies.classes, other))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--probabilities", nargs="+", required=True, help=".npz files with `dev`")
    args = parser.parse_args()
    net, named = load(args.table)
    rows = read(args.dev)
    for path in args.probabilities:
        report(path, net, args.program, rows, np.load(path)["dev"], float(named["junk_threshold"]))


if __name__ == "__main__":
    main()
