"""Stage 3b: goes on with a student on soft labels of the corpus and hand labels together.

The hand-labelled descriptions are left out of the corpus (`--leave-out`: their row numbers). With `--context` below 1 a part
of the steps sees the fragments with a segment B (context.py) and the teacher's label of the place instead of the line's mean.
"""

import argparse
import copy
import time

import numpy as np
import torch
import torch.nn.functional as functional

import blocks
import context
import encoder
import loop
import metrics
import rows


def segments(tokenizer, documents):
    """Word pieces and segment B of all fragments; `documents` are (blocks, texts)."""
    texts = [text for _, found in documents for text in found]
    pieces = [item.ids for item in tokenizer.encode_batch(texts, add_special_tokens=False)]
    around, at = [], 0
    for numbers, found in documents:
        around += context.segments(numbers, found, pieces[at : at + len(found)])
        at += len(found)
    return pieces, around


def both_ways(pieces, around):
    """Sequences with segment B, and alone."""
    seen = [context.joined(own, segment) for own, segment in zip(pieces, around)]
    return seen, [context.joined(own, None) for own in pieces]


def of_rows(vacancies):
    return [([f["block"] for f in row["fragments"]], [f["text"] for f in row["fragments"]]) for row in vacancies]


def soft_examples(tokenizer, args):
    """Sequences of the corpus, the teacher's labels of the places and of the lines."""
    corpus = rows.read(args.corpus)
    left_out = {int(line) for line in open(args.leave_out)}
    places = np.mean([np.load(path)["corpus"] for path in args.teacher], 0).astype(np.float32)
    kept = np.array([index not in left_out for index, row in enumerate(corpus) for _ in row["texts"]])
    if len(kept) != len(places):
        raise SystemExit(f"expected {len(kept)} rows of teacher probabilities, found {len(places)}")
    seen, alone = both_ways(*segments(tokenizer, [(row["blocks"], row["texts"]) for row in corpus]))
    numbers = {}
    line = [numbers.setdefault(blocks.normalised(t) or t, len(numbers)) for row in corpus for t in row["texts"]]
    sums = np.zeros((len(numbers), places.shape[1]))
    np.add.at(sums, line, places * kept[:, None])
    lines = (sums / np.maximum(sums.sum(1, keepdims=True), 1e-9))[line].astype(np.float32)
    picked = np.flatnonzero(kept)
    return [seen[i] for i in picked], [alone[i] for i in picked], places[picked], lines[picked]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", required=True, help="checkpoint")
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--teacher", nargs="+", required=True, help=".npz with `corpus`, averaged")
    parser.add_argument("--leave-out", required=True, help="numbers of corpus rows, one per line")
    parser.add_argument("--hand", nargs="+", required=True, help="labelled files")
    parser.add_argument("--repeat", type=int, default=2, help="how often hand labels stand beside each soft one")
    parser.add_argument("--class-weight-power", type=float, default=0.15)
    parser.add_argument("--smoothing", type=float, default=0.02)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--context", type=float, default=0.0, help="share of the steps that see a segment B")
    parser.add_argument("--piece-dropout", type=float, default=0.08)
    parser.add_argument("--average", type=float, default=0.99)
    parser.add_argument("--evaluate-every", type=int, default=250)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(args.seed)

    tokenizer = encoder.load_tokenizer(args.start)
    model = encoder.load_model(args.start, hidden_dropout_prob=0.0)
    dev = rows.read(args.dev)
    gold = np.array(rows.labelled_fragments(dev, args.dev)[1])
    dev_seen, dev_alone = both_ways(*segments(tokenizer, of_rows(dev)))

    seen, alone, places, lines = soft_examples(tokenizer, args)
    weights = [np.ones(len(places), dtype=np.float32)]
    places, lines = [places], [lines]
    if args.repeat:
        hand = [row for path in args.hand for row in rows.read(path)]
        hand_seen, hand_alone = both_ways(*segments(tokenizer, of_rows(hand)))
        hard = np.eye(5, dtype=np.float32)[rows.labelled_fragments(hand, "--hand")[1]]
        by_class = loop.class_weights(torch.from_numpy(hard), args.class_weight_power).numpy()
        smooth = hard * (1 - args.smoothing) + args.smoothing / 5
        for _ in range(args.repeat):
            seen, alone = seen + hand_seen, alone + hand_alone
            places.append(smooth)
            lines.append(smooth)
            weights.append((hard * by_class).sum(1))
    places, lines, weights = (torch.from_numpy(np.concatenate(part)).float() for part in (places, lines, weights))
    print(f"{len(seen)} examples", flush=True)

    optimiser = loop.optimiser_of(model, args.rate, weight_decay=0.01)
    averaged, queues, started = copy.deepcopy(model), {True: [], False: []}, time.time()
    model.train()
    for step in range(args.steps):
        wide = bool(rng.random() < args.context)
        sequences = seen if wide else alone
        queues[wide] = queues[wide] or encoder.batches(sequences, 6144, rng)
        batch = queues[wide].pop()
        loop.set_rate(optimiser, args.rate, step, args.steps, warmup=50)
        ids, mask = encoder.pad([sequences[index] for index in batch])
        hidden = (torch.rand(ids.shape) < args.piece_dropout) & (ids > encoder.MASK)
        types = encoder.token_types(ids)
        logits = model(input_ids=ids.masked_fill(hidden, encoder.MASK), attention_mask=mask, token_type_ids=types).logits
        target = (places if wide else lines)[batch] * weights[batch][:, None]
        loss = -(functional.log_softmax(logits, -1) * target).sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        loop.average(averaged, model, step, args.average)
        if (step + 1) % args.evaluate_every == 0 or step + 1 == args.steps:
            found = [metrics.line(metrics.figures(encoder.softmax(encoder.logits(averaged, part)), gold)) for part in (dev_alone, dev_seen)]
            beside = f" | in context {found[1]}" if args.context else ""
            print(f"step {step + 1} {time.time() - started:.0f} s loss {loss.item():.3f} {found[0]}{beside}", flush=True)
            encoder.save(averaged, args.start, args.out)


if __name__ == "__main__":
    main()
