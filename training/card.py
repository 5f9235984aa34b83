"""Writes the SHA-256 table of assets/MODEL_CARD.md: one row `| path | sha256 |` for each packaged file."""

import argparse
import hashlib
import pathlib

BEGIN, END = "<!-- sha256:begin -->", "<!-- sha256:end -->"
PARTS = ("section_classifier.mlpackage", "sequence.bin", "tokenizer.json", "tokenizer_config.json")


def files(assets):
    found = []
    for name in PARTS:
        path = assets / name
        found += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return found


def table(assets):
    lines = ["| path | sha256 |", "|---|---|"]
    for path in files(assets):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"| {path.relative_to(assets).as_posix()} | {digest} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=pathlib.Path, required=True)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when the table is out of date")
    args = parser.parse_args()
    card = args.assets / "MODEL_CARD.md"
    text = card.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{card}: expected one {BEGIN} and one {END}")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    wanted = f"{before}{BEGIN}\n{table(args.assets)}\n{END}{after}"
    if args.check:
        raise SystemExit(0 if wanted == text else f"{card}: the table does not match the files")
    card.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
