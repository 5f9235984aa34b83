"""Stage 3: the student learns distinct lines from the teacher's and the annotators' labels, with word dropout and second tasks."""

import argparse
import copy
import time

import numpy as np
import torch
import torch.nn.functional as functional

import auxiliary
import blocks
import encoder
import lines
import loop
import metrics
import rows
from corpus import LONG


def examples(args):
    """Lines, and texts, targets and weights of all examples; the lines come first."""
    opinions = np.mean([np.load(path)["corpus"] for path in args.teacher], 0)
    left_out = {int(number) for number in open(args.leave_out)}
    labelled = [row for path in args.hand for row in rows.read(path)]
    known = lines.Lines(rows.read(args.corpus), opinions, left_out, labelled)
    target, weight = known.targets(args.hand_weight)
    texts, targets, weights = list(known.texts), [target], [weight]

    excluded = [text for row in rows.read(args.left_out) for text in row["texts"]]
    excluded += rows.labelled_fragments(rows.read(args.dev), args.dev)[0]
    excluded = {key for key in map(blocks.normalised, excluded) if len(key) >= LONG}
    tokenizer, model = encoder.load_tokenizer(args.weak_student), encoder.load_model(args.weak_student)
    opinion = lambda found: encoder.softmax(encoder.logits(model, encoder.encode(tokenizer, found)))
    more, target = lines.heading_lines(rows.read(args.weak), args.weak, known, excluded, opinion)
    texts, targets, weights = texts + more, targets + [target], weights + [np.full(len(more), args.weak_weight)]
    print(f"{len(known.texts)} lines, {len(more)} heading-labelled ones", flush=True)

    more, target = lines.written_lines(args.written)
    print(f"{len(more)} written lines", flush=True)
    for _ in range(args.written_copies):
        texts, targets, weights = texts + more, targets + [target], weights + [np.full(len(more), args.written_weight)]
    more, target = lines.contact_lines(args.contacts, args.seed)
    texts, targets, weights = texts + more, targets + [target], weights + [np.ones(len(more))]
    targets, weights = torch.from_numpy(np.concatenate(targets)).float(), torch.from_numpy(np.concatenate(weights)).float()
    share = (targets * weights[:, None]).sum(0) / weights.sum()
    by_class = loop.class_weights(share[None], args.class_weight_power)
    weights = weights * (targets * by_class).sum(1)
    return known, lines.unmasked(texts, args.seed), targets, weights / weights.mean()


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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", required=True, help="checkpoint of pretrain.py")
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--left-out", required=True, help="lines that corpus.py dropped")
    parser.add_argument("--teacher", nargs="+", required=True, help=".npz with `corpus`, averaged")
    parser.add_argument("--leave-out", required=True, help="numbers of the corpus rows that are hand-labelled, one per line")
    parser.add_argument("--hand", nargs="+", required=True, help="labelled files")
    parser.add_argument("--hand-weight", type=float, default=3.0, help="how many of the teacher's labels a hand label is worth")
    parser.add_argument("--weak", required=True, help="heading-labelled lines")
    parser.add_argument("--weak-student", required=True, help="checkpoint that says whether a heading is believed")
    parser.add_argument("--weak-weight", type=float, default=0.7)
    parser.add_argument("--written", nargs="*", default=[], help="lines written for training (written/*.tsv)")
    parser.add_argument("--written-copies", type=int, default=3)
    parser.add_argument("--written-weight", type=float, default=1.5)
    parser.add_argument("--contacts", type=int, default=600, help="made-up contact lines")
    parser.add_argument("--class-weight-power", type=float, default=0.15)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--word-dropout", type=float, default=0.1, help="share of words masked in training")
    parser.add_argument("--masked-pieces", type=float, default=0.1, help="weight of that second task")
    parser.add_argument("--words-around", type=float, default=0.1, help="weight of that second task")
    parser.add_argument("--out", required=True)
    loop.add_arguments(parser, rate=1e-3, steps=10000, evaluate=500, whole=False)
    parser.set_defaults(tokens=4096, warmup=100, average=0.998)
    args = parser.parse_args()
    loop.set_up(args)
    rng = np.random.default_rng(args.seed)

    tokenizer = encoder.load_tokenizer(args.start)
    known, texts, targets, weights = examples(args)
    sequences = encoder.encode(tokenizer, texts)
    dev = loop.Dev(tokenizer, *rows.labelled_fragments(rows.read(args.dev), args.dev))
    model = encoder.load_model(args.start, hidden_dropout_prob=args.dropout)
    surroundings = auxiliary.Surroundings(tokenizer, known)
    masked = auxiliary.MaskedPieces(model.config)
    around = auxiliary.WordsAround(model.config, surroundings.prior)
    drop = WordDropout(tokenizer, args.word_dropout, args.piece_dropout)

    optimiser = loop.optimiser_of(torch.nn.ModuleList([model, masked, around]), args.rate, args.weight_decay)
    averaged, queue, started = copy.deepcopy(model), [], time.time()
    model.train()
    last = args.stop or args.steps
    for step in range(last):
        queue = queue or encoder.batches(sequences, args.tokens, rng)
        batch = queue.pop()
        loop.set_rate(optimiser, args.rate, step, args.steps, args.warmup)
        ids, mask = encoder.pad([sequences[index] for index in batch])
        hidden = drop(ids)
        states = model.bert(input_ids=ids.masked_fill(hidden, encoder.MASK), attention_mask=mask)
        logits = model.classifier(model.dropout(states.pooler_output))
        main_loss = (-(functional.log_softmax(logits, -1) * targets[batch]).sum(1) * weights[batch]).mean()
        embeddings = model.bert.embeddings.word_embeddings.weight
        loss = main_loss + args.masked_pieces * masked(states.last_hidden_state, hidden, ids, embeddings)
        loss = loss + args.words_around * around(states.last_hidden_state[:, 0], surroundings.draw(batch, rng))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        loop.average(averaged, model, step, args.average)
        if (step + 1) % args.evaluate_every == 0 or step + 1 == last:
            print(f"step {step + 1} {time.time() - started:.0f} s loss {main_loss.item():.3f} {metrics.line(dev.figures(averaged))}", flush=True)
            encoder.save(averaged, args.start, args.out)


if __name__ == "__main__":
    main()
