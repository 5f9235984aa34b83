"""Stage T2b: a teacher that reads the words of the whole vacancy: the student's encoder under a recurrent network.

The encoder turns every fragment into a vector, a bidirectional GRU walks over the fragments of a vacancy, and both
are trained together: first, if given, on soft labels of the corpus (files of context_teacher.py or of this stage,
averaged), then on the hand labels of train, with heading lines as classes of their own. Writes an .npz with
probabilities for dev and the corpus.
"""

import argparse
import math
import time

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

import encoder
import metrics
import rows
from context_teacher import LONGEST, layout
from labels import LABELS

SECTIONS = len(LABELS)
LAYOUT = 16


class DocumentNet(nn.Module):
    def __init__(self, start, width, dropout):
        super().__init__()
        self.bert = encoder.load_model(start, hidden_dropout_prob=dropout).bert
        inputs = self.bert.config.hidden_size + LAYOUT
        self.read = nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Dropout(0.2))
        self.walk = nn.GRU(width, width, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.decide = nn.Sequential(nn.Dropout(0.2), nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, 2 * SECTIONS))

    def vectors(self, sequences, piece_dropout):
        """One vector per fragment; fragments of like length go through the encoder together."""
        parts, order = [], []
        for batch in encoder.batches(sequences, tokens=2048):
            ids, mask = encoder.pad([sequences[index] for index in batch])
            if piece_dropout:
                hidden = (torch.rand(ids.shape) < piece_dropout) & (ids > encoder.MASK)
                ids = ids.masked_fill(hidden, encoder.MASK)
            parts.append(self.bert(input_ids=ids, attention_mask=mask).pooler_output)
            order += batch
        where = torch.empty(len(order), dtype=torch.long)
        where[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(parts)[where]

    def forward(self, documents, piece_dropout=0.0, fragment_dropout=0.0):
        """Log-probabilities of the ten classes, fragments of all documents one after the other."""
        sequences = [sequence for document in documents for sequence in document[0]]
        places = torch.cat([document[1] for document in documents])
        vectors = self.vectors(sequences, piece_dropout)
        if fragment_dropout:
            vectors = vectors * (torch.rand(len(vectors), 1) >= fragment_dropout)
        lengths = [len(document[0]) for document in documents]
        read = self.read(torch.cat([vectors, places], 1))
        padded = pad_sequence(list(read.split(lengths)), batch_first=True)
        packed = pack_padded_sequence(padded, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        walked, _ = pad_packed_sequence(self.walk(packed)[0], batch_first=True)
        walked = torch.cat([row[:length] for row, length in zip(walked, lengths)])
        return torch.log_softmax(self.decide(torch.cat([read, walked], 1)), -1)


def by_section(log_classes):
    """Log-probabilities of the five sections, headings counted with their section."""
    return torch.logaddexp(log_classes[:, :SECTIONS], log_classes[:, SECTIONS:])


def prepare(tokenizer, pairs):
    """(word pieces, layout) of documents of at most LONGEST fragments; `pairs` are (blocks, texts)."""
    documents = []
    for blocks, texts in pairs:
        sequences, places = encoder.encode(tokenizer, texts), torch.from_numpy(layout(blocks, texts))
        documents += [(sequences[at : at + LONGEST], places[at : at + LONGEST]) for at in range(0, len(texts), LONGEST)]
    return documents


def document_batches(documents, fragments, rng):
    """Index lists of about `fragments` fragments each, in random order."""
    found, current, size = [], [], 0
    for index in rng.permutation(len(documents)):
        current.append(index)
        size += len(documents[index][0])
        if size >= fragments:
            found.append(current)
            current, size = [], 0
    return found + [current] if current else found


def train(net, documents, targets, loss_of, args, epochs, rate, seed, report):
    rng = np.random.default_rng(seed)
    new = [p for name, p in net.named_parameters() if not name.startswith("bert.")]
    groups = [{"params": net.bert.parameters(), "share": 1.0}, {"params": new, "share": args.head_rate}]
    optimiser = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01, fused=True)
    steps = math.ceil(epochs * sum(len(document[0]) for document in documents) / args.fragments)
    started, queue = time.time(), []
    net.train()
    for step in range(steps):
        queue = queue or document_batches(documents, args.fragments, rng)
        picked = queue.pop()
        now = rate * min(1.0, (step + 1) / (0.06 * steps)) * (0.5 * (1 + math.cos(math.pi * step / steps)) + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = now * group["share"]
        scores = net([documents[i] for i in picked], args.piece_dropout, args.fragment_dropout)
        loss = loss_of(scores, torch.cat([targets[i] for i in picked]))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % args.evaluate_every == 0 or step + 1 == steps:
            print(f"step {step + 1} of {steps} {time.time() - started:.0f} s loss {loss.item():.3f} {report(net)}", flush=True)
            net.train()
    return net.eval()


@torch.inference_mode()
def predict(net, documents):
    """Section probabilities, one row per fragment in file order."""
    net.eval()
    found = []
    for at in range(0, len(documents), 32):
        found.append(by_section(net(documents[at : at + 32])).exp().numpy())
    return np.concatenate(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--start", required=True, help="checkpoint of a student that has seen no hand label")
    parser.add_argument("--soft", nargs="*", default=[], help=".npz files with soft labels of the corpus")
    parser.add_argument("--soft-epochs", type=float, default=1.0)
    parser.add_argument("--soft-rate", type=float, default=6e-4)
    parser.add_argument("--epochs", type=float, default=8)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--head-rate", type=float, default=4.0, help="rate of the network above the encoder, in rates of the encoder")
    parser.add_argument("--fragments", type=int, default=240, help="fragments per step")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--piece-dropout", type=float, default=0.08)
    parser.add_argument("--fragment-dropout", type=float, default=0.08)
    parser.add_argument("--smoothing", type=float, default=0.02)
    parser.add_argument("--evaluate-every", type=int, default=250)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save", help="where to store the weights of the net")
    parser.add_argument("--no-corpus", action="store_true", help="skip the probabilities of the corpus")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)

    tokenizer = encoder.load_tokenizer(args.tokenizer)
    vacancies, dev_vacancies = rows.read(args.train), rows.read(args.dev)
    pairs = lambda found: [([f["block"] for f in r["fragments"]], [f["text"] for f in r["fragments"]]) for r in found]
    documents, dev = prepare(tokenizer, pairs(vacancies)), prepare(tokenizer, pairs(dev_vacancies))
    gold = [[rows.label_index(f, args.train) + SECTIONS * f["heading"] for f in r["fragments"]] for r in vacancies]
    gold = [torch.tensor(part[at : at + LONGEST]) for part in gold for at in range(0, len(part), LONGEST)]
    dev_labels = np.array(rows.labelled_fragments(dev_vacancies, args.dev)[1])
    report = lambda net: metrics.line(metrics.figures(predict(net, dev), dev_labels))
    corpus = prepare(tokenizer, [(r["blocks"], r["texts"]) for r in rows.read(args.corpus)]) if args.soft or not args.no_corpus else []

    net = DocumentNet(args.start, args.width, args.dropout)
    if args.soft:
        soft = torch.from_numpy(np.mean([np.load(path)["corpus"] for path in args.soft], 0))
        soft = list(soft.split([len(document[0]) for document in corpus]))
        loss = lambda scores, target: -(target * by_section(scores)).sum(1).mean()
        train(net, corpus, soft, loss, args, args.soft_epochs, args.soft_rate, args.seed, report)
    loss = lambda scores, target: nn.functional.cross_entropy(scores, target, label_smoothing=args.smoothing)
    train(net, documents, gold, loss, args, args.epochs, args.rate, args.seed + 1000, report)
    stored = {"dev": predict(net, dev)}
    if not args.no_corpus:
        stored["corpus"] = predict(net, corpus)
    np.savez(args.out, **stored)
    if args.save:
        torch.save(net.state_dict(), args.save)


if __name__ == "__main__":
    main()
