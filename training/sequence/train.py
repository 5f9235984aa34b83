"""Learns assets/sequence.bin: the network that decides all fragments of a vacancy together.

    cargo build --release --features serde,testing --example sequence_features
    python training/sequence/train.py --program target/release/examples/sequence_features \\
        --hand more.jsonl --probabilities student.npz other.npz --dev dev.jsonl.gz \\
        --corpus corpus.jsonl --teacher teacher.npz --out assets/sequence.bin

An .npz of --probabilities (predict.py) holds `train`, `corpus` and `dev`, one row of five probabilities per fragment in
file order. `train` belongs to the files of --hand, one after the other, and may end early: no row may come from a model
that was trained on the hand label of that fragment. First the network learns the teacher's opinion of the corpus, then the hand labels. Every time a vacancy is
read, the source of its probabilities, their temperature, the layout and the words that are seen are drawn anew, so that the
weights fit models of different calibration and texts of different structure.
"""

import argparse
import copy
import hashlib
import math
import time

import metrics
import numpy as np
import torch
from features import SECTIONS, SHARES, Vacancies, of_shares, read
from network import Network, by_section, quantise, write

LONGEST = 300


def sha(path):
    with open(path, "rb") as data:
        return hashlib.sha256(data.read()).hexdigest()[:16]


class Source:
    """Vacancies with and without layout, and the opinions of models on their fragments."""

    def __init__(self, program, rows, opinions):
        self.ways = [Vacancies(program, rows, layout) for layout in (False, True)]
        self.starts, self.lengths = self.ways[0].starts, self.ways[0].lengths
        self.opinions = opinions

    def usable(self, index):
        part = slice(self.starts[index], self.starts[index + 1])
        return [opinion[part] for opinion in self.opinions if not np.isnan(opinion[part]).any()]

    def drawn(self, picked, rng, args):
        """Features, words and counts of vacancies, as seen this time."""
        features, words, counts = [], [], []
        for index in picked:
            start, end = self.starts[index], self.starts[index + 1]
            way = self.ways[int(rng.random() < 0.5)]
            found = self.usable(index)
            # The first source is the model that the table is shipped with.
            shares = found[0] if len(found) == 1 or rng.random() < args.first else found[1 + rng.integers(len(found) - 1)]
            if rng.random() < 0.5:
                shares = np.maximum(shares, 1e-9) ** np.exp(rng.uniform(np.log(0.4), np.log(1.6)))
                shares = shares / shares.sum(1, keepdims=True)
            values = way.features[start:end].copy()
            values[:, :SHARES] = of_shares(shares)
            values[:, :SECTIONS] += args.noise * rng.standard_normal((end - start, SECTIONS))
            mine, many = way.words_of(start, end)
            kept = rng.random(len(mine)) >= args.word_dropout
            fragment = np.repeat(np.arange(len(many)), many)[kept]
            features.append(values)
            words.append(mine[kept])
            counts.append(np.bincount(fragment, minlength=len(many)))
        tensors = (np.concatenate(part) for part in (features, words, counts))
        features, words, counts = (torch.from_numpy(part) for part in tensors)
        return features.float(), words, counts, self.lengths[picked]


def train(net, source, targets, loss_of, args, epochs, rate, rng, report):
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01)
    picked = [i for i in range(len(source.lengths)) if source.lengths[i] <= LONGEST and source.usable(i)]
    steps = math.ceil(epochs * sum(source.lengths[i] for i in picked) / args.fragments)
    queue, started, averaged = [], time.time(), copy.deepcopy(net)
    net.train()
    for step in range(steps):
        batch, size = [], 0
        while size < args.fragments:
            queue = queue or list(rng.permutation(picked))
            batch.append(queue.pop())
            size += source.lengths[batch[-1]]
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 50) * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.01)
        scores = torch.log_softmax(net(*source.drawn(batch, rng, args)), -1)
        gold = torch.cat([targets[source.starts[i] : source.starts[i + 1]] for i in batch])
        loss = loss_of(scores, gold)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        decay = min(args.average, (step + 1) / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(averaged.parameters()), list(net.parameters()), 1 - decay)
        if (step + 1) % args.evaluate_every == 0 or step + 1 == steps:
            print(f"step {step + 1} of {steps} {time.time() - started:.0f} s loss {loss.item():.3f} {report(averaged)}", flush=True)
    net.load_state_dict(averaged.state_dict())


@torch.inference_mode()
def decode(net, vacancies, probabilities):
    """Probabilities of the classes, fragments in file order."""
    net.eval()
    found = []
    for index, length in enumerate(vacancies.lengths):
        start, end = vacancies.starts[index], vacancies.starts[index + 1]
        features = vacancies.features[start:end].copy()
        features[:, :SHARES] = of_shares(probabilities[start:end])
        words, counts = vacancies.words_of(start, end)
        logits = net(torch.from_numpy(features), torch.from_numpy(words), torch.from_numpy(counts), [length])
        found.append(torch.softmax(logits, -1).numpy())
    return np.concatenate(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="examples/sequence_features, built")
    parser.add_argument("--hand", nargs="+", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--probabilities", nargs="+", required=True)
    parser.add_argument("--teacher", nargs="+", required=True, help=".npz with `corpus`, averaged")
    parser.add_argument("--leave-out", help="numbers of corpus rows that are among the hand-labelled ones, one per line")
    parser.add_argument("--soft-epochs", type=float, default=4)
    parser.add_argument("--epochs", type=float, default=6)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--word-dropout", type=float, default=0.1)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("--smoothing", type=float, default=0.01)
    parser.add_argument("--average", type=float, default=0.997, help="decay of the averaged weights")
    parser.add_argument("--first", type=float, default=0.75, help="share of the first source of probabilities")
    parser.add_argument("--fragments", type=int, default=400, help="fragments per step")
    parser.add_argument("--junk-threshold", type=float, default=0.25)
    parser.add_argument("--evaluate-every", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(args.seed)

    stored = [np.load(path) for path in args.probabilities]
    rows, dev_rows = [row for path in args.hand for row in read(path)], read(args.dev)
    dev = Vacancies(args.program, dev_rows, False)
    head = dev.head
    net = Network(dev.features.shape[1], head["buckets"], head["hidden"], args.dropout)
    current = lambda net: metrics.line(metrics.figures(decode(net, dev, stored[0]["dev"]), dev.classes, args.junk_threshold))

    corpus_rows = read(args.corpus)
    teacher = np.mean([np.load(path)["corpus"] for path in args.teacher], 0).astype(np.float32)
    corpus = Source(args.program, corpus_rows, [npz["corpus"].copy() for npz in stored])
    if args.leave_out:
        for line in open(args.leave_out):
            for opinion in corpus.opinions:
                opinion[corpus.starts[int(line)] : corpus.starts[int(line) + 1]] = np.nan
    loss = lambda scores, gold: -(gold * by_section(scores)).sum(1).mean()
    train(net, corpus, torch.from_numpy(teacher), loss, args, args.soft_epochs, args.rate, rng, current)
    count = sum(len(row["fragments"]) for row in rows)
    filled = lambda known: np.concatenate([known, np.full((count - len(known), SECTIONS), np.nan, dtype=np.float32)])
    hand = Source(args.program, rows, [filled(npz["train"]) for npz in stored])
    loss = lambda scores, gold: torch.nn.functional.cross_entropy(scores, gold, label_smoothing=args.smoothing)
    train(net, hand, torch.from_numpy(hand.ways[0].classes), loss, args, args.epochs, 0.6 * args.rate, rng, current)

    quantise(net)
    print("dev, with rounded words: " + current(net))
    comments = [f"hand {' '.join(sha(path) for path in args.hand)}", f"corpus {sha(args.corpus)}"]
    comments += [f"probabilities {sha(path)}" for path in args.probabilities]
    write(args.out, net, head, args.junk_threshold, comments)


if __name__ == "__main__":
    main()
