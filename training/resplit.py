"""Word-piece regularisation: some pieces are cut in two at random, so that rare forms of a word share what is learnt.

Only training sees it. `##ость` may become `##о ##сть`; a piece is cut only where both parts are in the vocabulary
(MaxMatch-Dropout of Hiraoka, 2022, brought down to one cut).
"""

from encoder import MASK, MAX_LENGTH, SEP


class Resplit:
    def __init__(self, tokenizer, share):
        self.share = share
        self.cuts = {}
        vocabulary = tokenizer.get_vocab()
        for piece, index in vocabulary.items():
            if index <= MASK:
                continue
            mark = "##" if piece.startswith("##") else ""
            letters = piece[len(mark) :]
            pairs = [(vocabulary.get(mark + letters[:at]), vocabulary.get("##" + letters[at:])) for at in range(1, len(letters))]
            pairs = [pair for pair in pairs if None not in pair]
            if pairs:
                self.cuts[index] = pairs

    def __call__(self, ids, rng):
        if not self.share:
            return ids
        out = []
        for index, draw in zip(ids, rng.random(len(ids))):
            pairs = self.cuts.get(index) if draw < self.share else None
            if pairs:
                out += pairs[int(draw / self.share * len(pairs))]
            else:
                out.append(index)
        return out if len(out) <= MAX_LENGTH else out[: MAX_LENGTH - 1] + [SEP]
