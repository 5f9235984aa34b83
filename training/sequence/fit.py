"""Fitting the weights: L-BFGS on the penalised log-likelihood."""

import numpy as np
from scipy.optimize import minimize

from chain import ANNOUNCED, CLASSES, SECTIONS, class_marginals, loss_and_gradient


class Weights:
    """Feature rows, transitions by link, content under announced sections by gate."""

    def __init__(self, features, links, gates):
        self.shapes = [(features, CLASSES), (links, CLASSES, CLASSES), (gates, ANNOUNCED, SECTIONS)]

    def size(self):
        return sum(int(np.prod(shape)) for shape in self.shapes)

    def split(self, vector):
        parts, at = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            parts.append(vector[at : at + size].reshape(shape))
            at += size
        return parts


def fit(sets, penalties, iterations, start=None, verbose=False):
    """`sets`: (Vacancies, weight of each vacancy). `penalties`: L2 strength of each feature row; 0.3 for the rest."""
    first = sets[0][0]
    weights = Weights(first.features.shape[1], len(first.links), len(first.gates))
    strength = np.concatenate([np.repeat(penalties, CLASSES), np.full(weights.size() - len(penalties) * CLASSES, 0.3)])

    def objective(vector):
        features, transitions, under = weights.split(vector)
        loss = 0.5 * float((strength * vector**2).sum())
        gradient = strength * vector
        by = weights.split(gradient)
        for vacancies, share in sets:
            each = np.repeat(share, vacancies.lengths)
            part, by_scores, by_transitions, by_under = loss_and_gradient(
                vacancies.layout, vacancies.features @ features, transitions, under, vacancies.states, each
            )
            loss += part
            by[0] += vacancies.features.T @ by_scores
            by[1] += by_transitions
            by[2] += by_under
        return loss, gradient

    begin = np.zeros(weights.size()) if start is None else start
    done = minimize(objective, begin, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": 20})
    if verbose:
        print(f"{done.nit} iterations, {done.nfev} evaluations, loss {done.fun:.1f}", flush=True)
    return done.x, weights


def decode(vector, weights, vacancies):
    features, transitions, under = weights.split(vector)
    return class_marginals(vacancies.layout, vacancies.features @ features, transitions, under)
