#!/usr/bin/env python3
"""ONNX Runtime on the shapes and lengths that `throughput` runs, one thread, beside `throughput`.

    onnx_peer.py --shape rubert-tiny --package DIR.mlpackage --throughput target/release/examples/throughput
                 [--lengths benches/fragment_lengths.json] [--vacancies 130] [--rounds 3]

Prints milliseconds per vacancy, the best of the rounds, and the ratio to `throughput`, which runs the
package between the rounds, so that whatever disturbs the machine disturbs both.

Three ways of batching for ONNX Runtime: the fragments of a vacancy padded to the longest, sorted by
length and run in eights, and one by one padded to 128. Two graphs: as exported, with all optimisations of
the runtime, and after the runtime's own offline optimiser for BERT (fused attention, embeddings and
LayerNorm); the faster one counts. Versions are pinned in requirements.txt.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from transformers import BertConfig, BertForSequenceClassification

# name: vocabulary, width, layers, heads, feed-forward
SHAPES = {"embedded": (12000, 192, 2, 6, 256), "rubert-tiny": (29564, 312, 3, 12, 600)}
LIMIT = 128


class Classifier(torch.nn.Module):
    """Logits from the two inputs that differ between fragments; one segment."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


def export(shape, folder):
    """The graph as exported and as the offline optimiser leaves it."""
    vocabulary, width, layers, heads, inner = shape
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=LIMIT,
        num_labels=5,
        attn_implementation="eager",
    )
    model = Classifier(BertForSequenceClassification(config)).eval()
    plain, fused = folder / "plain.onnx", folder / "fused.onnx"
    ids = torch.randint(5, vocabulary, (2, 16))
    axes = {0: "rows", 1: "tokens"}
    torch.onnx.export(
        model,
        (ids, torch.ones_like(ids)),
        plain,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "rows"}},
        opset_version=17,
        dynamo=False,
    )
    options = FusionOptions("bert")
    optimised = optimizer.optimize_model(
        str(plain), "bert", num_heads=heads, hidden_size=width, optimization_options=options, use_gpu=False
    )
    print("fused:", {name: count for name, count in optimised.get_fused_operator_statistics().items() if count})
    optimised.save_model_to_file(str(fused))
    sessions = {name: open_session(path) for name, path in (("plain", plain), ("fused", fused))}
    feed = batch([16, 9], vocabulary, 16, np.random.default_rng(2))
    with torch.no_grad():
        expected = model(*(torch.from_numpy(feed[name]) for name in ("input_ids", "attention_mask"))).numpy()
    for name, session in sessions.items():
        worst = np.abs(session.run(None, feed)[0] - expected).max()
        assert worst < 1e-4, f"{name}: logits differ by {worst}"
    return sessions


def open_session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def batch(lengths, vocabulary, width, random):
    ids = random.integers(5, vocabulary, size=(len(lengths), width))
    mask = (np.arange(width)[None] < np.array(lengths)[:, None]).astype(np.int64)
    return {"input_ids": ids * mask, "attention_mask": mask}


def ways(vacancies, vocabulary):
    random = np.random.default_rng(3)
    padded, eights, single = [], [], []
    for lengths in vacancies:
        padded.append(batch(lengths, vocabulary, max(lengths), random))
        ordered = sorted(lengths)
        for first in range(0, len(ordered), 8):
            eight = ordered[first : first + 8]
            eights.append(batch(eight, vocabulary, max(eight), random))
        single.extend(batch([length], vocabulary, LIMIT, random) for length in lengths)
    return {"one padded batch": padded, "sorted eights": eights, "one by one at 128": single}


def milliseconds(session, batches, vacancies):
    start = time.perf_counter()
    for feed in batches:
        session.run(None, feed)
    return (time.perf_counter() - start) * 1e3 / vacancies


def throughput(program, package, lengths, seconds):
    command = [program, "--package", package, "--lengths", lengths, "--seconds", str(seconds), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["ms_per_vacancy"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="rubert-tiny")
    parser.add_argument("--package", required=True)
    parser.add_argument("--throughput", required=True)
    parser.add_argument("--lengths", default="benches/fragment_lengths.json")
    parser.add_argument("--vacancies", type=int, default=130)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with open(args.lengths, encoding="utf-8") as file:
        vacancies = json.load(file)[: args.vacancies]
    shape = SHAPES[args.shape]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        lengths = folder / "lengths.json"
        lengths.write_text(json.dumps(vacancies), encoding="utf-8")
        sessions = export(shape, folder)
        batches = ways(vacancies, shape[0])
        best, ours = {}, []
        for _ in range(args.rounds):
            ours.append(throughput(args.throughput, args.package, lengths, 3))
            for way, feeds in batches.items():
                for name, session in sessions.items():
                    # One by one takes longest and varies least.
                    some = feeds[: len(feeds) // 4] if way == "one by one at 128" else feeds
                    took = milliseconds(session, some, len(vacancies) * len(some) / len(feeds))
                    best.setdefault(way, {}).setdefault(name, []).append(took)
    print(f"{args.shape}, {len(vacancies)} vacancies, onnxruntime {onnxruntime.__version__}")
    print(f"{'throughput':>20} {min(ours):8.3f} ms   rounds {', '.join(f'{ms:.3f}' for ms in ours)}")
    for way, times in best.items():
        name, rounds = min(times.items(), key=lambda item: min(item[1]))
        other = ", ".join(f"{key} {min(value):.2f}" for key, value in times.items())
        print(f"{way:>20} {min(rounds):8.3f} ms   {min(rounds) / min(ours):5.2f} x   ({other})")


if __name__ == "__main__":
    main()
