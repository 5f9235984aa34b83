"""Second tasks of the student in training, thrown away afterwards: masked word pieces, the words around a fragment, and the
states of the line teacher.

They teach it words that the labels alone seldom touch, and need no labels.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as functional

RARE = 2e-4  # pieces more frequent than this count less among the words around
DISTANCES = {-2: 0.5, -1: 1.0, 1: 1.0, 2: 0.5}


class MaskedPieces(nn.Module):
    """Predicts the pieces behind `[MASK]` with the input embeddings, of a batch's at most `limit` drawn at random."""

    def __init__(self, config, limit=None):
        super().__init__()
        self.limit = limit
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, states, hidden, ids, embeddings):
        if self.limit:
            places = hidden.nonzero()
            places = places[torch.randperm(len(places))[: self.limit]]
            hidden = tuple(places.T)
        found = functional.gelu(self.dense(states[hidden]))
        scores = functional.linear(functional.layer_norm(found, found.shape[-1:]), embeddings, self.bias)
        return functional.cross_entropy(scores, ids[hidden])


class Surroundings:
    """Word pieces of the two fragments before and behind a line, at a place of it drawn at random."""

    def __init__(self, tokenizer, lines):
        texts = [text for document in lines.documents for text in document]
        pieces = [item.ids[:60] for item in tokenizer.encode_batch(texts, add_special_tokens=False)]
        self.offsets = np.concatenate([[0], np.cumsum([len(found) for found in pieces])])
        self.pieces = np.concatenate([np.array(found, dtype=np.int64) for found in pieces])
        sizes = [len(document) for document in lines.documents]
        self.document = np.repeat(np.arange(len(sizes)), sizes)
        numbers = np.array([lines.number(text) for text in texts])
        self.order = np.argsort(numbers, kind="stable")
        known = np.arange(len(lines.texts))
        self.first = np.searchsorted(numbers[self.order], known)
        self.behind = np.searchsorted(numbers[self.order], known, "right")
        self.vocabulary = tokenizer.get_vocab_size()
        frequency = np.bincount(self.pieces, minlength=self.vocabulary) / len(self.pieces)
        self.weights = np.minimum(1, np.sqrt(RARE / np.maximum(frequency, 1e-9))).astype(np.float32)
        shares = frequency * self.weights
        self.prior = torch.from_numpy(np.log(shares / shares.sum() + 1e-6)).float()

    def draw(self, batch, rng):
        """`[batch, vocabulary]` shares of the pieces; rows of zeros for lines that stand nowhere."""
        target = np.zeros((len(batch), self.vocabulary), dtype=np.float32)
        for row, line in enumerate(batch):
            if line >= len(self.first) or self.first[line] == self.behind[line]:
                continue
            place = self.order[rng.integers(self.first[line], self.behind[line])]
            for distance, weight in DISTANCES.items():
                other = place + distance
                if 0 <= other < len(self.document) and self.document[other] == self.document[place]:
                    found = self.pieces[self.offsets[other] : self.offsets[other + 1]]
                    np.add.at(target[row], found, self.weights[found] * weight)
        return torch.from_numpy(target / np.maximum(target.sum(1, keepdims=True), 1e-6))


class WordsAround(nn.Module):
    """Predicts them from the state of `[CLS]`."""

    def __init__(self, config, prior):
        super().__init__()
        self.out = nn.Linear(config.hidden_size, config.vocab_size)
        nn.init.zeros_(self.out.weight)
        with torch.no_grad():
            self.out.bias.copy_(prior)

    def forward(self, state, target):
        return -(functional.log_softmax(self.out(state), -1) * target).sum(1).mean()


class States(nn.Module):
    """Predicts the line teacher's mean states, each dimension on a scale of its own, from the state of `[CLS]`."""

    def __init__(self, config, states):
        super().__init__()
        sample = states[:100000].astype(np.float32)
        self._states, self._mean, self._scale = states, sample.mean(0), sample.std(0) + 1e-3
        self.out = nn.Linear(config.hidden_size, states.shape[1])

    def forward(self, state, rows):
        """Mean squared error over the lines that have a row; `rows` holds -1 for the others."""
        known = np.flatnonzero(rows >= 0)
        if not len(known):
            return torch.zeros(())
        target = torch.from_numpy((self._states[rows[known]].astype(np.float32) - self._mean) / self._scale)
        return functional.mse_loss(self.out(state[torch.from_numpy(known)]), target)
