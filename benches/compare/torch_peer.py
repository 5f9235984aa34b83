#!/usr/bin/env python3
"""PyTorch on the shapes and lengths that `throughput` runs, one thread: milliseconds per vacancy.

    torch_peer.py [--lengths benches/fragment_lengths.json] [--vacancies 12]

Three ways of batching: the fragments of a vacancy padded to the longest, sorted by length and run in
eights, and one by one padded to 128. The best of several runs of each, in CPU time of the thread, which
other processes on the machine disturb little. Measured with torch 2.7.0 and transformers 4.52.4.
"""

import argparse
import json
import time

import torch
from transformers import BertConfig, BertForSequenceClassification

# name: vocabulary, width, layers, heads, feed-forward
SHAPES = {"embedded model": (12000, 192, 2, 6, 256), "rubert-tiny": (29564, 312, 3, 12, 600)}


def batch(lengths, vocabulary, width):
    ids = torch.randint(5, vocabulary, (len(lengths), width))
    mask = (torch.arange(width)[None] < torch.tensor(lengths)[:, None]).long()
    return {"input_ids": ids, "attention_mask": mask}


def milliseconds(model, batches, runs):
    best = float("inf")
    for _ in range(runs + 1):
        start = time.thread_time()
        for inputs in batches:
            model(**inputs)
        best = min(best, time.thread_time() - start)
    return best * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", default="benches/fragment_lengths.json")
    parser.add_argument("--vacancies", type=int, default=12)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    with open(args.lengths, encoding="utf-8") as file:
        vacancies = json.load(file)[: args.vacancies]
    for name, (vocabulary, width, layers, heads, inner) in SHAPES.items():
        config = BertConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=inner,
            max_position_embeddings=128,
            num_labels=5,
            attn_implementation="sdpa",
        )
        model = BertForSequenceClassification(config).eval()
        sums = [0.0, 0.0, 0.0]
        for lengths in vacancies:
            ordered = sorted(lengths)
            eights = [ordered[first : first + 8] for first in range(0, len(ordered), 8)]
            ways = (
                [batch(lengths, vocabulary, max(lengths))],
                [batch(eight, vocabulary, max(eight)) for eight in eights],
                [batch([length], vocabulary, 128) for length in lengths],
            )
            for way, batches in enumerate(ways):
                sums[way] += milliseconds(model, batches, 3)
        padded, eights, single = (total / len(vacancies) for total in sums)
        print(f"{name}: one padded batch {padded:.1f}, sorted eights {eights:.1f}, one by one at 128 {single:.1f}")


if __name__ == "__main__":
    main()
