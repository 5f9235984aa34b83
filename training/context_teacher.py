"""Stage T2: what the whole vacancy says. A recurrent network over the fragments of a vacancy.

It reads the log-probabilities of single-fragment models (files of fragment_teacher.py or predict.py, out of
fold on train) and the layout around each fragment, and is trained on the hand labels of train. Several seeds
are averaged. Writes an .npz with probabilities for train (cross-fitted over vacancies), dev and the corpus.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

import metrics
import rows
from fragment_teacher import folds_of
from labels import LABELS

LONGEST = 400


def layout(blocks, texts):
    """Layout features of the fragments of one vacancy."""
    count, last = len(texts), len(texts) - 1
    found = []
    for index, text in enumerate(texts):
        opens = index == 0 or blocks[index] != blocks[index - 1]
        closes = index == last or blocks[index] != blocks[index + 1]
        found.append(
            [
                np.log1p(len(text)) / 3 - 1,
                text.endswith(":"),
                text.endswith(";") or text.endswith(","),
                text.endswith("."),
                text.endswith("!") or text.endswith("?"),
                text[:1] in "-–—•*·●▪✅+",
                text[:1].islower(),
                text.isupper(),
                any(char.isdigit() for char in text),
                opens,
                closes,
                opens and closes,
                index / max(1, last) - 0.5,
                np.log1p(index) / 3 - 0.5,
                np.log1p(last - index) / 3 - 0.5,
                np.log1p(count) / 3 - 1,
            ]
        )
    return np.array(found, dtype=np.float32)


class ContextNet(nn.Module):
    def __init__(self, inputs, width=96, dropout=0.3):
        super().__init__()
        self.read = nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Dropout(dropout))
        self.walk = nn.GRU(width, width, num_layers=2, bidirectional=True, batch_first=True, dropout=dropout)
        self.decide = nn.Sequential(nn.Dropout(dropout), nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, len(LABELS)))

    def forward(self, features, lengths):
        read = self.read(features)
        packed = pack_padded_sequence(read, lengths, batch_first=True, enforce_sorted=False)
        walked, _ = pad_packed_sequence(self.walk(packed)[0], batch_first=True)
        return self.decide(torch.cat([read, walked], -1))


def train(documents, labels, epochs, seed, batch=24):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = ContextNet(documents[0].shape[1])
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    steps = epochs * -(-len(documents) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps, pct_start=0.1)
    for _ in range(epochs):
        order = rng.permutation(len(documents))
        for start in range(0, len(order), batch):
            picked = order[start : start + batch]
            features = pad_sequence([documents[i] for i in picked], batch_first=True)
            features = features + 0.1 * torch.randn_like(features)
            gold = pad_sequence([labels[i] for i in picked], batch_first=True, padding_value=-100)
            scores = net(features, torch.tensor([len(documents[i]) for i in picked]))
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), gold.flatten(), label_smoothing=0.02)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    return net.eval()


@torch.inference_mode()
def predict(nets, documents, batch=64):
    """Mean probabilities of the nets, one row per fragment in file order."""
    order = sorted(range(len(documents)), key=lambda i: len(documents[i]))
    found = [None] * len(documents)
    for start in range(0, len(order), batch):
        picked = order[start : start + batch]
        features = pad_sequence([documents[i] for i in picked], batch_first=True)
        lengths = torch.tensor([len(documents[i]) for i in picked])
        mean = sum(torch.softmax(net(features, lengths), -1) for net in nets) / len(nets)
        for row, i in enumerate(picked):
            found[i] = mean[row, : lengths[row]].numpy()
    return np.concatenate(found).astype(np.float32)


def assemble(layouts, features, scale):
    """Feature tensors per vacancy; very long vacancies are walked in pieces."""
    documents, at = [], 0
    for place in layouts:
        values = np.concatenate([part[at : at + len(place)] for part in features], 1)
        values = np.log(np.maximum(values, 1e-4)) / scale + 1
        at += len(place)
        whole = torch.from_numpy(np.concatenate([values, place], 1).astype(np.float32))
        documents += list(whole.split(LONGEST))
    return documents


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--fragments", nargs="+", required=True, help=".npz files of single-fragment models")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--no-train", action="store_true", help="skip the cross-fitted probabilities on train")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    started = time.time()

    vacancies, dev_vacancies = rows.read(args.train), rows.read(args.dev)
    gold = [torch.tensor([rows.label_index(f, args.train) for f in row["fragments"]]) for row in vacancies]
    labels = np.concatenate([part.numpy() for part in gold])
    dev_labels = np.array(rows.labelled_fragments(dev_vacancies, args.dev)[1])
    sources = [np.load(path) for path in args.fragments]

    def documents(name, places):
        return assemble(places, [source[name] for source in sources], scale=4)

    of_rows = lambda found: [layout([f["block"] for f in r["fragments"]], [f["text"] for f in r["fragments"]]) for r in found]
    train_documents = documents("train", of_rows(vacancies))
    if len(train_documents) != len(gold):
        raise SystemExit(f"expected vacancies of at most {LONGEST} fragments in {args.train}")
    dev_documents = documents("dev", of_rows(dev_vacancies))

    nets = []
    for seed in range(args.seeds):
        nets.append(train(train_documents, gold, args.epochs, seed))
        found = predict(nets, dev_documents)
        print(f"{seed + 1} nets {time.time() - started:.0f} s, dev: " + metrics.line(metrics.figures(found, dev_labels)), flush=True)
    stored = {"dev": found}
    if not args.no_train:
        fold = folds_of(len(vacancies), args.folds)
        parts = [None] * len(vacancies)
        for index in range(args.folds):
            inside, outside = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
            net = train([train_documents[i] for i in inside], [gold[i] for i in inside], args.epochs, 100 + index)
            values, at = predict([net], [train_documents[i] for i in outside]), 0
            for i in outside:
                parts[i] = values[at : at + len(gold[i])]
                at += len(gold[i])
        stored["train"] = np.concatenate(parts)
        print("train, cross-fitted: " + metrics.line(metrics.figures(stored["train"], labels)), flush=True)
    stored["corpus"] = predict(nets, documents("corpus", [layout(r["blocks"], r["texts"]) for r in rows.read(args.corpus)]))
    np.savez(args.out, **stored)
    print(f"{time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
