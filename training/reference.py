"""Logits of the PyTorch model in float32 for an export parity check: a JSON list of {input_ids, logits}, ids unpadded."""

import argparse
import json

import torch

import encoder
import rows


def texts_of(path):
    """Fragments of labelled rows, rows with `text`, or plain lines."""
    if ".jsonl" not in path:
        with rows.open_text(path) as lines:
            return [line.strip() for line in lines if line.strip()]
    found = rows.read(path)
    return [item["text"] for row in found for item in row.get("fragments", [row])]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="checkpoint")
    parser.add_argument("--texts", required=True, help=".jsonl[.gz] with fragments or text, or a file of lines")
    parser.add_argument("--limit", type=int, default=0, help="use only the first texts; 0: all")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    torch.set_num_threads(2)
    texts = texts_of(args.texts)
    texts = texts[: args.limit] if args.limit else texts
    sequences = encoder.encode(encoder.load_tokenizer(args.model), texts)
    values = encoder.logits(encoder.load_model(args.model), sequences)
    reference = [{"input_ids": ids, "logits": [float(x) for x in row]} for ids, row in zip(sequences, values)]
    with open(args.out, "w", encoding="utf-8") as out:
        json.dump(reference, out)
    print(f"{len(reference)} rows")


if __name__ == "__main__":
    main()
