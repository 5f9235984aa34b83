"""Stage T3: the student learns the context teacher's opinion of every distinct line of the corpus.

A line that stands in many vacancies gets the mean of the teacher's probabilities over all of them: that is what
the line says on its own. No hand label is used here, so that students fine-tuned on folds stay honest.
"""

import argparse

import numpy as np
import torch

import blocks
import encoder
import loop
import rows


def soft_lines(corpus, probabilities):
    """Distinct lines (by letters and digits) with mean probabilities and counts."""
    texts, sums, counts = [], [], []
    where = {}
    at = 0
    for row in corpus:
        for text in row["texts"]:
            key = blocks.identity(text)
            index = where.setdefault(key, len(texts))
            if index == len(texts):
                texts.append(text)
                sums.append(probabilities[at].astype(np.float64))
                counts.append(1)
            else:
                sums[index] = sums[index] + probabilities[at]
                counts[index] += 1
            at += 1
    if at != len(probabilities):
        raise SystemExit(f"expected {at} rows of teacher probabilities, found {len(probabilities)}")
    counts = np.array(counts)
    return texts, (np.array(sums) / counts[:, None]).astype(np.float32), counts


def training_lines(corpus, teacher, extra=None):
    """Texts and soft labels: the lines of the corpus, by the mean of the teachers, and those of weak_lines.py."""
    opinions = np.mean([np.load(path)["corpus"] for path in teacher], 0)
    texts, soft, counts = soft_lines(rows.read(corpus), opinions)
    print(f"{len(texts)} distinct lines, {int((counts > 1).sum())} of them repeated, mean {soft.mean(0).round(3)}", flush=True)
    if extra:
        found = rows.read(extra)
        texts = texts + [row["text"] for row in found]
        soft = np.concatenate([soft, np.array([row["soft"] for row in found], dtype=np.float32)])
        print(f"and {len(found)} heading-labelled lines", flush=True)
    return texts, torch.from_numpy(soft)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--teacher", nargs="+", required=True, help=".npz of context_teacher.py or document_teacher.py, averaged")
    parser.add_argument("--extra", help="soft-labelled lines of weak_lines.py")
    parser.add_argument("--dev", required=True)
    parser.add_argument("--start", help="checkpoint to start from; else a new model")
    parser.add_argument("--tokenizer", required=True, help="folder of stage 1, or the start checkpoint")
    parser.add_argument("--shape", default="160,2,5,320", help="width, layers, heads, feed-forward of a new model")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--out", required=True)
    loop.add_arguments(parser, rate=1e-3, steps=6000, evaluate=500)
    args = parser.parse_args()
    loop.set_up(args)

    tokenizer = encoder.load_tokenizer(args.tokenizer)
    texts, soft = training_lines(args.corpus, args.teacher, args.extra)
    if args.start:
        model = encoder.load_model(args.start, hidden_dropout_prob=args.dropout)
    else:
        shape = [int(x) for x in args.shape.split(",")]
        model = encoder.new_model(tokenizer.get_vocab_size(), shape, args.dropout)
    dev = loop.Dev(tokenizer, *rows.labelled_fragments(rows.read(args.dev), args.dev))
    save = lambda best: encoder.save(best, args.tokenizer, args.out)
    loop.train(model, tokenizer, encoder.encode(tokenizer, texts), soft, args, dev, save)


if __name__ == "__main__":
    main()
