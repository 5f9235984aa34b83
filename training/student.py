"""Stage 3: the student learns distinct lines from the teachers' and the annotators' labels, with word dropout and second tasks."""

import argparse
import typing

import numpy as np
import torch
import torch.nn.functional as functional

import auxiliary
import blocks
import encoder
import lines
import loop
import opinions
import readings
import rows
from corpus import LONG
from resplit import Resplit


class Examples(typing.NamedTuple):
    known: lines.Lines
    numbers: np.ndarray  # which of all examples these are; the lines of `known` come first
    texts: list  # as they are learnt, with made-up contacts
    originals: list  # as they stand in their files
    targets: torch.Tensor
    weights: torch.Tensor
    evidence: np.ndarray  # how many labels each target stands for


def examples(args, dev):
    """`Examples` of the files that `args` names; long texts of `dev` stay out."""
    known = lines.corpus_lines(args)
    target, evidence = known.targets(args.hand_weight)
    weight = np.sqrt(np.minimum(evidence, args.most_labels))
    if args.readings:
        target = lines.with_readings(target, known.texts, readings.read(args.readings), args.readings_share)
    if args.half is not None:
        weight = weight * known.half(args.half)
    parts = [(known.texts, target, weight, evidence)]

    excluded = [text for row in rows.read(args.left_out) for text in row["texts"]] + dev
    excluded = {key for key in map(blocks.normalised, excluded) if len(key) >= LONG}
    tokenizer, model = encoder.load_tokenizer(args.weak_student), encoder.load_model(args.weak_student)
    opinion = lambda found: encoder.softmax(encoder.logits(model, encoder.encode(tokenizer, found)))
    found, target = lines.heading_lines(rows.read(args.weak), args.weak, known, excluded, opinion)
    parts.append((found, target, np.full(len(found), args.weak_weight), np.ones(len(found))))
    print(f"{len(known.texts)} lines, {len(found)} heading-labelled ones", flush=True)

    found, target = lines.written_lines(args.written)
    parts += [(found, target, np.full(len(found), args.written_weight), np.full(len(found), 2.0))] * args.written_copies
    print(f"{len(found)} written lines", flush=True)
    found, target = lines.contact_lines(args.contacts, args.seed)
    parts.append((found, target, np.ones(len(found)), np.ones(len(found))))

    texts = [text for part, *_ in parts for text in part]
    targets, weights = (torch.from_numpy(np.concatenate([part[k] for part in parts])).float() for k in (1, 2))
    evidence = np.concatenate([part[3] for part in parts])
    share = (targets * weights[:, None]).sum(0) / weights.sum()
    weights = weights * (targets * loop.class_weights(share[None], args.class_weight_power)).sum(1)
    used = torch.nonzero(weights)[:, 0]
    originals = [texts[number] for number in used]
    learnt = lines.unmasked(originals, args.seed)
    return Examples(known, used.numpy(), learnt, originals, targets[used], weights[used] / weights[used].mean(), evidence[used])


def with_made_up(found, teacher, args):
    """`Examples` with `teacher`'s opinion mixed in, and its made-up lines behind; and the row of each in its table."""
    at = teacher.rows(found.originals)
    share = args.line_share
    if args.line_evidence:
        share = args.line_evidence / (args.line_evidence + found.evidence)
    targets = teacher.mixed(found.targets.numpy(), at, share)
    made_up = [line for path in args.made_up for line in rows.plain_lines(path)]
    behind = teacher.rows(made_up)
    if (behind < 0).any():
        raise SystemExit(f"{args.made_up}: {(behind < 0).sum()} of {len(made_up)} lines have no label in {args.line_teacher}")
    print(f"opinions of {(at >= 0).sum()} of {len(at)} lines, {len(made_up)} made-up lines", flush=True)
    numbers = np.concatenate([found.numbers, found.numbers.max() + 1 + np.arange(len(made_up))])
    targets = np.concatenate([targets, teacher.probabilities[behind]])
    weights = torch.cat([found.weights, torch.full([len(made_up)], args.made_up_weight)])
    merged = found._replace(
        numbers=numbers,
        texts=found.texts + made_up,
        originals=found.originals + made_up,
        targets=torch.from_numpy(targets).float(),
        weights=weights,
        evidence=np.concatenate([found.evidence, np.zeros(len(made_up))]),
    )
    return merged, np.concatenate([at, behind])


class WordDropout:
    """Masks whole words and single pieces."""

    def __init__(self, tokenizer, words, pieces):
        self.words, self.pieces = words, pieces
        tokens = [tokenizer.id_to_token(index) for index in range(tokenizer.get_vocab_size())]
        self.starts = torch.tensor([not token.startswith("##") for token in tokens])

    def __call__(self, ids):
        word = self.starts[ids].cumsum(1)
        dropped = (torch.rand(len(ids), int(word.max()) + 1) < self.words).gather(1, word)
        return (dropped | (torch.rand(ids.shape) < self.pieces)) & (ids > encoder.MASK)


def add_data_arguments(parser):
    """The arguments of `examples`."""
    lines.add_arguments(parser)
    parser.add_argument("--left-out", required=True, help="lines that corpus.py dropped")
    parser.add_argument("--weak", required=True, help="heading-labelled lines")
    parser.add_argument("--weak-student", required=True, help="checkpoint that says whether a heading is believed")
    parser.add_argument("--weak-weight", type=float, default=0.7)
    parser.add_argument("--written", nargs="*", default=[], help="lines written for training (written/*.tsv)")
    parser.add_argument("--written-copies", type=int, default=3)
    parser.add_argument("--written-weight", type=float, default=1.5)
    parser.add_argument("--half", type=int, choices=[0, 1], help="learn this half of the lines only (doubtful_lines.py)")
    parser.add_argument("--readings", help="labels of lines that were read alone (annotations/lines.tsv)")
    parser.add_argument("--readings-share", type=float, default=0.5)
    parser.add_argument("--most-labels", type=float, default=8.0, help="a line's weight is the root of its labels, of at most so many")
    parser.add_argument("--contacts", type=int, default=600, help="made-up contact lines")
    parser.add_argument("--class-weight-power", type=float, default=0.15)
    parser.add_argument("--dev", required=True)


def add_opinion_arguments(parser):
    """The arguments of `with_made_up`."""
    parser.add_argument("--line-teacher", nargs="*", default=[], help="opinions of line_teacher.py")
    parser.add_argument("--line-share", type=float, default=0.5, help="share of its opinion in the targets")
    parser.add_argument("--line-evidence", type=float, help="instead: how many labels of a line its opinion is worth")
    parser.add_argument("--made-up", nargs="*", default=[], help="lines of made_up_lines.py that it has labelled")
    parser.add_argument("--made-up-weight", type=float, default=0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", required=True, help="checkpoint of pretrain.py")
    add_data_arguments(parser)
    add_opinion_arguments(parser)
    parser.add_argument("--states", type=float, default=1.0, help="weight of its mean states as a second task")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--word-dropout", type=float, default=0.1, help="share of words masked in training")
    parser.add_argument("--masked-pieces", type=float, default=0.1, help="weight of that second task")
    parser.add_argument("--masked-limit", type=int, help="most masked pieces of a batch that are predicted")
    parser.add_argument("--words-around", type=float, default=0.1, help="weight of that second task")
    parser.add_argument("--bfloat16", action="store_true", help="compute the net in bfloat16, about twice as fast")
    parser.add_argument("--out", required=True)
    loop.add_arguments(parser, rate=1e-3, steps=10000, evaluate=500)
    parser.set_defaults(tokens=4096, warmup=100, average=0.998, keep="last")
    args = parser.parse_args()
    loop.set_up(args)

    tokenizer = encoder.load_tokenizer(args.start)
    dev_texts, dev_labels = rows.labelled_fragments(rows.read(args.dev), args.dev)
    found, tasks = examples(args, dev_texts), []
    model = encoder.load_model(args.start, attention="eager", hidden_dropout_prob=args.dropout)
    if args.line_teacher:
        teacher = opinions.Opinions(args.line_teacher)
        found, at = with_made_up(found, teacher, args)
        states = auxiliary.States(model.config, teacher.states)
        tasks.append(states)
    sequences = encoder.encode(tokenizer, found.texts)
    dev = loop.Dev(tokenizer, dev_texts, dev_labels)
    surroundings = auxiliary.Surroundings(tokenizer, found.known)
    masked = auxiliary.MaskedPieces(model.config, args.masked_limit)
    around = auxiliary.WordsAround(model.config, surroundings.prior)
    resplit = Resplit(tokenizer, args.resplit)
    drop = WordDropout(tokenizer, args.word_dropout, args.piece_dropout)

    def cost(batch, rng):
        ids, mask = encoder.pad([resplit(sequences[index], rng) for index in batch])
        hidden = drop(ids)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bfloat16):
            outputs = model.bert(input_ids=ids.masked_fill(hidden, encoder.MASK), attention_mask=mask)
            logits = model.classifier(model.dropout(outputs.pooler_output)).float()
            pieces = masked(outputs.last_hidden_state, hidden, ids, model.bert.embeddings.word_embeddings.weight)
        first = outputs.last_hidden_state[:, 0].float()
        loss = (-(functional.log_softmax(logits, -1) * found.targets[batch]).sum(1) * found.weights[batch]).mean()
        loss = loss + args.masked_pieces * pieces
        if args.words_around:
            loss = loss + args.words_around * around(first, surroundings.draw(found.numbers[batch], rng))
        if args.line_teacher:
            loss = loss + args.states * states(first, at[batch])
        return loss

    save = lambda kept: encoder.save(kept, args.start, args.out)
    loop.learn(model, sequences, args, dev, save, cost, tasks=(masked, around, *tasks))


if __name__ == "__main__":
    main()
