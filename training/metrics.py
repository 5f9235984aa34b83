"""Figures of a fragment classifier."""

import numpy as np
from sklearn.metrics import f1_score

from labels import JUNK, LABELS


def calibration_error(probabilities, gold, bins=15):
    """Expected calibration error of the top class over `bins` bins of equal width."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == gold
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for index in range(bins):
        inside = which == index
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return float(error)


def figures(probabilities, gold):
    gold = np.asarray(gold)
    chosen, content = probabilities.argmax(1), gold != JUNK
    junk_found, junk_true = chosen == JUNK, gold == JUNK
    scores = f1_score(gold, chosen, labels=range(len(LABELS)), average=None, zero_division=0)
    return {
        "accuracy5": float((chosen == gold).mean()),
        "content_accuracy": float((chosen == gold)[content].mean()) if content.any() else 0.0,
        "junk_recall": float(junk_found[junk_true].mean()) if junk_true.any() else 0.0,
        "junk_precision": float(junk_true[junk_found].mean()) if junk_found.any() else 0.0,
        "macro_f1": float(scores.mean()),
        "f1": {name: float(score) for name, score in zip(LABELS, scores)},
        "ece": calibration_error(probabilities, gold),
        "nll": float(-np.log(np.maximum(probabilities[np.arange(len(gold)), gold], 1e-9)).mean()),
    }


def bootstrap(probabilities, gold, groups, name, draws=2000, seed=1):
    """95 % interval of figure `name` over resampled groups (vacancies)."""
    rng = np.random.default_rng(seed)
    gold, groups = np.asarray(gold), np.asarray(groups)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    values = []
    for _ in range(draws):
        pick = np.concatenate([members[index] for index in rng.integers(len(members), size=len(members))])
        values.append(figures(probabilities[pick], gold[pick])[name])
    return float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5))


def line(found):
    return "acc5 {accuracy5:.4f} content {content_accuracy:.4f} junk R {junk_recall:.3f} P {junk_precision:.3f} macro-F1 {macro_f1:.4f} ECE {ece:.4f} NLL {nll:.4f}".format(**found)
