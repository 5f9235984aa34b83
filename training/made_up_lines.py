"""Lines that nobody wrote, for a teacher to label and the student to learn: words changed for their neighbours, cuts, splices.

Neighbours come from Navec (word vectors of news by Natasha's authors, MIT), so words that vacancies lack come in, in the
right form of the word. A splice joins two lines at a word that both have. No such line equals a line it was made from.
"""

import argparse
import collections
import random
import re

import numpy as np
import torch
from navec import Navec

import rows

WORD = re.compile("[А-Яа-яЁё]{4,}")
NEIGHBOURS = 10
NEAREST = 0.35  # cosine below which a word is no neighbour
PLACES = 400  # of one word, for splices
LONGEST = 400  # characters


def neighbours(vectors, words):
    """The nearest words of each of `words` that has a vector."""
    known = vectors.vocab.words
    matrix = vectors.pq.unpack().astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True) + 1e-9
    candidates = [number for number, word in enumerate(known) if WORD.fullmatch(word)]
    where = {word: number for number, word in enumerate(known)}
    words = [word for word in words if word in where]
    table = torch.from_numpy(matrix[candidates]).bfloat16().T.contiguous()
    found = {}
    for start in range(0, len(words), 1000):
        part = words[start : start + 1000]
        nearness = (torch.from_numpy(matrix[[where[word] for word in part]]).bfloat16() @ table).float()
        values, numbers = nearness.topk(NEIGHBOURS + 3, dim=1)
        for word, near, row in zip(part, values.tolist(), numbers.tolist()):
            others = [known[candidates[number]] for number, value in zip(row, near) if value > NEAREST]
            found[word] = [other for other in others if other != word][:NEIGHBOURS]
    return found


def like(word, model):
    """`word` in the case of `model`."""
    return word.upper() if model.isupper() else word.capitalize() if model[0].isupper() else word


def bare(word):
    return re.sub("[^а-яёa-z0-9]", "", word.lower())


class Maker:
    def __init__(self, texts, near, rng):
        self.texts, self.near, self.rng = texts, near, rng
        self.places = collections.defaultdict(list)
        for number, text in enumerate(texts):
            words = text.split()
            for at, word in enumerate(words[1:-1], 1):
                if bare(word):
                    self.places[bare(word)].append((number, at))
        for word, places in self.places.items():
            self.places[word] = rng.sample(places, min(PLACES, len(places)))

    def changed(self, text, share):
        def other(match):
            word = match.group(0)
            near = self.near.get(word.lower())
            return like(self.rng.choice(near), word) if near and self.rng.random() < share else word

        return WORD.sub(other, text)

    def cut(self, text):
        """A third of the words or more, from the beginning, the end or between."""
        words = text.split()
        if len(words) < 3:
            return text
        size = self.rng.randint(max(1, len(words) // 3), len(words) - 1)
        start = self.rng.choice([0, len(words) - size, self.rng.randint(0, len(words) - size)])
        return " ".join(words[start : start + size])

    def spliced(self, text):
        words = text.split()
        joints = [at for at, word in enumerate(words[:-1]) if len(self.places.get(bare(word), ())) > 3]
        if not joints:
            return self.changed(text, 0.4)
        at = self.rng.choice(joints)
        number, behind = self.rng.choice(self.places[bare(words[at])])
        return " ".join(words[: at + 1] + self.texts[number].split()[behind + 1 :])

    def line(self):
        text, draw = self.rng.choice(self.texts), self.rng.random()
        if draw < 0.45:
            return self.changed(text, self.rng.uniform(0.15, 0.6))
        if draw < 0.65:
            return self.changed(self.cut(text), 0.25)
        if draw < 0.75:
            return self.cut(text)
        return self.changed(self.spliced(text), 0.15)

    def lines(self, count):
        known = {text.lower() for text in self.texts}
        while count:
            line = " ".join(self.line().split()).strip(" ,;")
            if 3 < len(line) < LONGEST and line.lower() not in known:
                known.add(line.lower())
                count -= 1
                yield line


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", required=True, help="navec_news_v1_1B_250K_300d_100q.tar of the package natasha")
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--written", nargs="*", default=[])
    parser.add_argument("--count", type=int, default=400000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    texts = [text for row in rows.read(args.corpus) for text in row["texts"]]
    texts += [text for path in args.written for _, _, text in rows.pairs(path)]
    texts = sorted(set(texts))
    counts = collections.Counter(word.lower() for text in texts for word in WORD.findall(text))
    near = neighbours(Navec.load(args.vectors), [word for word, count in counts.items() if count > 1])
    print(f"{len(texts)} lines, {len(near)} words with neighbours", flush=True)
    maker = Maker(texts, near, random.Random(args.seed))
    with open(args.out, "w", encoding="utf-8") as out:
        out.writelines(f"{line}\n" for line in maker.lines(args.count))


if __name__ == "__main__":
    main()
