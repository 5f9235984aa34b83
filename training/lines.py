"""Distinct lines of corpus and labelled vacancies: what the teacher and the annotators say of each, and what stands around it."""

import random

import numpy as np

import annotated
import blocks
import contacts
import readings
import rows
import weak_lines
from labels import JUNK, LABELS, smoothed

SMOOTHING = 0.02
WRITTEN_SMOOTHING = 0.05
READING_SMOOTHING = 0.1


class Lines:
    """Distinct lines (by letters and digits) with sums over their places: teacher's probabilities, annotators' labels."""

    def __init__(self, corpus, opinions, left_out, labelled):
        self.texts, self._where = [], {}
        soft, hand, at = [], [], 0
        self.documents = [row["texts"] for number, row in enumerate(corpus) if number not in left_out]
        self.documents += [[fragment["text"] for fragment in row["fragments"]] for row in labelled]
        for number, row in enumerate(corpus):
            for text in row["texts"]:
                if number not in left_out:
                    soft.append((self._index(text), opinions[at]))
                at += 1
        if at != len(opinions):
            raise SystemExit(f"expected {at} rows of teacher probabilities, found {len(opinions)}")
        for text, label in zip(*rows.labelled_fragments(labelled, "--hand")):
            hand.append((self._index(text), np.eye(len(LABELS))[label]))
        self.soft, self.hand = self._sums(soft), self._sums(hand)

    def _index(self, text):
        index = self._where.setdefault(blocks.identity(text), len(self.texts))
        if index == len(self.texts):
            self.texts.append(text)
        return index

    def _sums(self, pairs):
        sums = np.zeros((len(self.texts), len(LABELS)))
        np.add.at(sums, np.array([index for index, _ in pairs]), np.array([row for _, row in pairs]))
        return sums

    def __contains__(self, text):
        return self.number(text) >= 0

    def number(self, text):
        """Number of a line, or -1."""
        return self._where.get(blocks.identity(text), -1)

    def targets(self, hand):
        """Mixture of all that was said of a line, a hand label counted `hand` times, and how much that is."""
        mass = self.soft + hand * smoothed(self.hand, SMOOTHING)
        total = mass.sum(1, keepdims=True)
        return mass / total, total[:, 0]

    def half(self, number):
        """Whether each line belongs to that half (0 or 1), by a hash of the line."""
        return np.array([int(readings.key(text)[-1], 16) % 2 == number for text in self.texts])


def add_arguments(parser):
    """The arguments of `corpus_lines`, and what `Lines.targets` takes from them."""
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--teacher", nargs="+", required=True, help=".npz with `corpus`, averaged")
    parser.add_argument("--leave-out", required=True, help="numbers of the corpus rows that are hand-labelled, one per line")
    parser.add_argument("--hand", nargs="+", required=True, help="labelled files")
    parser.add_argument("--hand-weight", type=float, default=3.0, help="how many of the teacher's labels a hand label is worth")


def corpus_lines(args):
    """`Lines` of the files that the arguments name."""
    opinions = np.mean([np.load(path)["corpus"] for path in args.teacher], 0)
    left_out = {int(number) for number in open(args.leave_out)}
    labelled = [row for path in args.hand for row in rows.read(path)]
    return Lines(rows.read(args.corpus), opinions, left_out, labelled)


def with_readings(targets, texts, labels, share):
    """`targets` with `share` of what a reader said of single lines (`readings.read`), where anything was said."""
    found = np.array([labels.get(readings.key(text), -1) for text in texts])
    said = share * (found >= 0)[:, None]
    return (1 - said) * targets + said * smoothed(np.eye(len(LABELS))[found], READING_SMOOTHING)


def heading_lines(weak, path, lines, excluded, student):
    """Lines labelled by the heading above them that `lines` lacks, and `student`'s probabilities joined with those labels."""
    found = [row for row in weak if row["text"] not in lines and blocks.normalised(row["text"]) not in excluded]
    own = student([row["text"] for row in found])
    evidence = np.full((len(LABELS), len(LABELS)), 0.065)  # a heading is right about three times in four
    np.fill_diagonal(evidence, 0.74)
    return [row["text"] for row in found], weak_lines.joined(own, evidence, [rows.label_index(row, path) for row in found])


def written_lines(paths):
    """Lines that were written for training: `code<TAB>text`, the codes of annotated.py without headings."""
    texts, labels = [], []
    for path in paths:
        for place, code, text in rows.pairs(path):
            texts.append(text)
            labels.append(annotated.label_index(code, place))
    return texts, smoothed(np.eye(len(LABELS))[labels], WRITTEN_SMOOTHING)


def contact_lines(count, seed):
    return contacts.lines(count, seed), smoothed(np.eye(len(LABELS))[[JUNK] * count], SMOOTHING)


def unmasked(texts, seed, share=0.7):
    """Made-up contacts in place of most of the masks."""
    rng = random.Random(seed)
    makers = {"<PHONE>": contacts.phone, "<EMAIL>": contacts.mail, "<HANDLE>": contacts.handle}

    def fill(text):
        if any(mask in text for mask in makers) and rng.random() < share:
            for mask, make in makers.items():
                text = text.replace(mask, make(rng))
        return text

    return [fill(text) for text in texts]
