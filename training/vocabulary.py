"""Stage 1: WordPiece vocabulary -> tokenizer.json and tokenizer_config.json."""

import argparse
import json
import pathlib

from tokenizers import BertWordPieceTokenizer
from tokenizers.processors import TemplateProcessing

import rows

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CONFIG = {
    "clean_up_tokenization_spaces": False,
    "cls_token": "[CLS]",
    "do_lower_case": True,
    "mask_token": "[MASK]",
    "model_max_length": 128,
    "pad_token": "[PAD]",
    "sep_token": "[SEP]",
    "strip_accents": False,
    "tokenize_chinese_chars": True,
    "tokenizer_class": "BertTokenizer",
    "unk_token": "[UNK]",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, help="output of corpus.py")
    parser.add_argument("--labelled", nargs="*", default=[], help="labelled files to count as well")
    parser.add_argument("--size", type=int, default=12000)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the two files")
    args = parser.parse_args()

    texts = [text for row in rows.read(args.corpus) for text in row["texts"]]
    for path in args.labelled:
        texts += [fragment["text"] for vacancy in rows.read(path) for fragment in vacancy["fragments"]]

    tokenizer = BertWordPieceTokenizer(lowercase=True, strip_accents=False, clean_text=True)
    tokenizer.train_from_iterator(
        texts, vocab_size=args.size, min_frequency=3, limit_alphabet=300, special_tokens=SPECIAL, show_progress=False
    )
    ids = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    if ids != {token: index for index, token in enumerate(SPECIAL)}:
        raise SystemExit(f"expected the special tokens at 0..4, found {ids}")
    tokenizer._tokenizer.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    tokenizer.no_padding()
    tokenizer.no_truncation()
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out / "tokenizer.json"), pretty=True)
    (args.out / "tokenizer_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n", encoding="utf-8")
    print(f"{tokenizer.get_vocab_size()} word pieces from {len(texts)} fragments")


if __name__ == "__main__":
    main()
