"""The chain of training/sequence against an enumeration of all sequences, and its gradient against differences."""

import itertools
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "sequence"))
import chain  # noqa: E402


def problem(lengths, seed):
    rng = np.random.default_rng(seed)
    count = sum(lengths)
    layout = chain.Layout(lengths, rng.integers(0, 2, count), rng.integers(0, 2, count))
    scores = rng.normal(size=(count, chain.CLASSES))
    transitions = rng.normal(size=(2, chain.CLASSES, chain.CLASSES))
    under = rng.normal(size=(2, chain.ANNOUNCED, chain.SECTIONS))
    return layout, scores, transitions, under


def score(layout, scores, transitions, under, start, classes):
    total, announced = 0.0, chain.SECTIONS
    for index, found in enumerate(classes):
        row = start + index
        total += scores[row, found]
        if index:
            total += transitions[layout.links[row], classes[index - 1], found]
        if found < chain.SECTIONS:
            total += under[layout.gates[row], announced, found]
        else:
            announced = found - chain.SECTIONS
    return total


class Chain(unittest.TestCase):
    def test_marginals_are_those_of_the_enumeration(self):
        lengths = [3, 1, 2]
        layout, scores, transitions, under = problem(lengths, 1)
        found = chain.class_marginals(layout, scores, transitions, under)
        start = 0
        for length in lengths:
            expected = np.zeros((length, chain.CLASSES))
            for classes in itertools.product(range(chain.CLASSES), repeat=length):
                weight = np.exp(score(layout, scores, transitions, under, start, classes))
                expected[np.arange(length), classes] += weight
            expected /= expected[0].sum()
            np.testing.assert_allclose(found[start : start + length], expected, atol=1e-10)
            start += length

    def test_the_gradient_is_that_of_the_loss(self):
        lengths = [4, 2, 5]
        layout, *parts = problem(lengths, 2)
        states = chain.gold_states(np.random.default_rng(3).integers(0, chain.CLASSES, sum(lengths)), lengths)
        weights = np.repeat([1.0, 0.5, 2.0], lengths)
        _, *gradients = chain.loss_and_gradient(layout, *parts, states, weights)
        for part, gradient in zip(parts, gradients):
            for index in np.random.default_rng(4).integers(0, part.size, 12):
                at = np.unravel_index(index, part.shape)
                kept, losses = part[at], []
                for step in (1e-5, -1e-5):
                    part[at] = kept + step
                    losses.append(chain.loss_and_gradient(layout, *parts, states, weights)[0])
                part[at] = kept
                self.assertAlmostEqual((losses[0] - losses[1]) / 2e-5, gradient[at], places=5)


if __name__ == "__main__":
    unittest.main()
