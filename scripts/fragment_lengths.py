#!/usr/bin/env python3
"""Counts word pieces: labelled vacancies -> benches/fragment_lengths.json.

    fragment_lengths.py --data DEV.jsonl.gz [--tokenizer assets/tokenizer.json] > benches/fragment_lengths.json

The result is a JSON list of vacancies, each a list with the number of tokens of every fragment ([CLS]
and [SEP] counted, cut at 128); no text. Needs tokenizers 0.21.
"""

import argparse
import gzip
import json

from tokenizers import Tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--tokenizer", default="assets/tokenizer.json")
    args = parser.parse_args()
    tokenizer = Tokenizer.from_file(args.tokenizer)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    vacancies = []
    with gzip.open(args.data, "rt", encoding="utf-8") as lines:
        for line in lines:
            texts = [fragment["text"] for fragment in json.loads(line)["fragments"]]
            encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
            vacancies.append([min(len(item.ids) + 2, 128) for item in encoded])
    print("[\n" + ",\n".join(json.dumps(lengths, separators=(",", ":")) for lengths in vacancies) + "\n]")


if __name__ == "__main__":
    main()
