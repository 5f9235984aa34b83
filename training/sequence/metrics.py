"""Figures of decoded vacancies, as examples/evaluate computes them."""

import numpy as np

from features import SECTIONS

JUNK = 4


def share(part, whole):
    return float(part) / float(whole) if whole else float("nan")


def sections(marginals):
    """Section probabilities from class marginals."""
    return marginals[:, :SECTIONS] + marginals[:, SECTIONS:]


def decide(probabilities, threshold):
    best = probabilities[:, :JUNK].argmax(1)
    return np.where(probabilities[:, JUNK] >= threshold, JUNK, best)


def figures(marginals, classes, threshold):
    probabilities, label = sections(marginals), classes % SECTIONS
    found = decide(probabilities, threshold)
    hits = found == label
    scores = []
    for section in range(SECTIONS):
        both = (label == section).sum() + (found == section).sum()
        if both:
            scores.append(2 * (hits & (label == section)).sum() / both)
    confidence = probabilities[np.arange(len(label)), found]
    bins = np.minimum((confidence * 15).astype(int), 14)
    gap = sum(abs((confidence - hits)[bins == b].sum()) for b in range(15))
    heading, is_heading = marginals[:, SECTIONS:].sum(1) > 0.5, classes >= SECTIONS
    both = (heading & is_heading).sum()
    return {
        "acc5": hits.mean(),
        "content": hits[label != JUNK].mean(),
        "junk R": share((hits & (label == JUNK)).sum(), (label == JUNK).sum()),
        "junk P": share((hits & (label == JUNK)).sum(), (found == JUNK).sum()),
        "macro-F1": float(np.mean(scores)),
        "ECE": gap / len(label),
        "NLL": -np.log(np.maximum(probabilities[np.arange(len(label)), label], 1e-12)).mean(),
        "head P": share(both, heading.sum()),
        "head R": share(both, is_heading.sum()),
        "head F1": share(2 * both, heading.sum() + is_heading.sum()),
    }


def line(values):
    return " ".join(f"{name} {value:.4f}" for name, value in values.items())
