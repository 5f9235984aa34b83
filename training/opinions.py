"""What the line teacher says of each line: an .npz with keys of lines (`readings.key`), probabilities and mean states."""

import numpy as np

import readings


def write(path, texts, probabilities, states):
    np.savez(path, keys=np.array([readings.key(text) for text in texts], dtype="S12"), probabilities=probabilities, states=states)


class Opinions:
    """Those of several files; of a line in two of them, the later one's."""

    def __init__(self, paths):
        stored = [np.load(path) for path in paths]
        together = lambda name: np.concatenate([part[name] for part in stored])
        self.probabilities, self.states = together("probabilities"), together("states")
        self._rows = {key.decode(): row for row, key in enumerate(together("keys"))}

    def rows(self, texts):
        """The row of each line, or -1."""
        return np.array([self._rows.get(readings.key(text), -1) for text in texts], dtype=int)

    def mixed(self, targets, rows, share):
        """`targets` with `share` (one for all, or one a line) of the teacher's probabilities, where it has any."""
        said = (share * (rows >= 0))[:, None]
        return (1 - said) * targets + said * self.probabilities[rows]
