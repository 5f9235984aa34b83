#!/usr/bin/env python3
"""Build assets/golden/golden.jsonl from assets/golden/source/*.txt.

The markup of a source file is described in assets/golden/README.md. Every block
is split by razdel 0.5.0 after its runs of white space were replaced by one space;
the codes in front of the block must fit that split, one code per fragment, or one
code for all of them.

    pip install razdel==0.5.0
    python scripts/build_golden.py           # writes golden.jsonl and the README's table
    python scripts/build_golden.py --check   # only compares; exit 1 when out of date
"""

import argparse
import html
import html.parser
import importlib.metadata
import json
import pathlib
import re
import sys
from collections import Counter

from razdel import sentenize

RAZDEL_VERSION = "0.5.0"
GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "assets" / "golden"
LABELS = {
    "R": "responsibilities",
    "Q": "requirements",
    "T": "terms",
    "N": "notes",
    "J": "junk",
}
KINDS = {"-": "item", "--": "nested", "/": "break", ".": "paragraph"}
HEADER = {
    "id": None,
    "title": None,
    "it": ("yes", "no"),
    "format": ("html", "newline", "flat"),
    "bullet": None,
    "headings": ("p", "bare", "em", "h3", "plain", "markdown"),
    "entities": ("yes", "no"),
    "spacing": ("loose", "tight"),
    "gap": ("2", "3", "4"),
}
NBSP = "\u00a0"
TABLE_START, TABLE_END = "<!-- counts -->", "<!-- /counts -->"


class SourceError(Exception):
    """A source file that does not follow the markup."""


class Block:
    def __init__(self, codes, kind, raw):
        self.codes = codes
        self.kind = kind
        self.raw = raw  # "~" already replaced by NBSP
        self.heading = codes.islower()


def parse(path):
    """Header and blocks of one source file."""
    lines = path.read_text(encoding="utf-8").split("\n")
    header, blocks, in_header = {}, [], True
    for number, line in enumerate(lines, 1):
        where = f"{path.name}:{number}"
        if in_header:
            if not line.strip():
                in_header = False
                continue
            key, colon, value = line.partition(":")
            # Only one space is markup; a bullet such as "  * " keeps the rest.
            value = value[1:] if value.startswith(" ") else value
            if not colon or key not in HEADER or key in header:
                raise SourceError(f"{where}: unknown or repeated header line {line!r}")
            if HEADER[key] and value not in HEADER[key]:
                raise SourceError(f"{where}: {key} must be one of {HEADER[key]}, found {value!r}")
            header[key] = value
            continue
        if not line.strip():
            continue
        match = re.fullmatch(r"([RQTNJ]+|[rqtnj]+|[RQTNJrqtnj]{2,}) (?:(--|[-/.]) )?(.+)", line)
        if not match:
            raise SourceError(f"{where}: expected 'CODES [KIND] TEXT', found {line!r}")
        codes, kind, text = match.groups()
        if header.get("format") == "flat" and "  " in text:
            raise SourceError(f"{where}: two spaces part the blocks of a flat text, found inside one")
        blocks.append((where, Block(codes, KINDS[kind or "."], text.replace("~", NBSP))))
    for key in ("id", "title", "it", "format"):
        if key not in header:
            raise SourceError(f"{path.name}: header line {key!r} is missing")
    if header["id"] != path.stem:
        raise SourceError(f"{path.name}: id {header['id']!r} is not the file's name")
    return header, blocks


def normalise(text):
    return " ".join(text.split())


def dressed(header, block):
    """The block's text as it stands in the description, bullet and all."""
    text = block.raw
    if header["format"] == "html":
        text = text.replace("<b>", "").replace("</b>", "")
    elif block.heading and header.get("headings") == "markdown":
        text = f"**{text}**"
    if block.kind in ("item", "nested"):
        text = header.get("bullet", "") + text
    return text


def fragments_of(header, blocks):
    fragments = []
    for index, (where, block) in enumerate(blocks):
        sentences = [s.text for s in sentenize(normalise(dressed(header, block)))]
        codes = block.codes * len(sentences) if len(block.codes) == 1 else block.codes
        if len(codes) != len(sentences):
            split = "\n    ".join(sentences)
            raise SourceError(
                f"{where}: {len(codes)} codes for {len(sentences)} fragments:\n    {split}"
            )
        for code, sentence in zip(codes, sentences):
            fragments.append(
                {
                    "block": index,
                    "text": sentence,
                    "label": LABELS[code.upper()],
                    "heading": code.islower(),
                }
            )
    return fragments


def escape(text, entities):
    text = html.escape(text, quote=True).replace("&#x27;", "'").replace(NBSP, "&nbsp;")
    if entities:
        for char, name in (("«", "laquo"), ("»", "raquo"), ("—", "mdash"), ("–", "ndash")):
            text = text.replace(char, f"&{name};")
    return text.replace("&lt;b&gt;", "<strong>").replace("&lt;/b&gt;", "</strong>")


def render_html(header, blocks):
    entities = header.get("entities") == "yes"
    headings = header.get("headings", "p")
    bullet = header.get("bullet", "")
    out, depth, paragraph = [], 0, False

    def close(to_depth):
        nonlocal depth, paragraph
        if paragraph:
            out.append("</p>")
            paragraph = False
        while depth > to_depth:
            out.append("</li></ul>")
            depth -= 1

    for _, block in blocks:
        text = escape(block.raw, entities)
        listed = block.kind in ("item", "nested")
        if listed and not bullet:
            level = 2 if block.kind == "nested" else 1
            if paragraph:
                close(0)
            if depth > level:
                close(level)
            if depth == level:
                out.append(f"</li> <li>{text}")
            else:
                out.append(f" <ul> <li>{text}")
                depth += 1
            continue
        if listed or block.kind == "break":
            text = escape(bullet, entities) + text if listed else text
            text = f"<strong>{text}</strong>" if block.heading else text
            if paragraph:
                out.append(f"<br />{text}")
            else:
                close(0)
                out.append(f"<p>{text}")
                paragraph = True
            continue
        close(0)
        if block.heading and headings == "bare":
            out.append(f"<strong>{text}</strong>")
        elif block.heading and headings == "h3":
            out.append(f"<h3>{text}</h3>")
        elif block.heading and headings == "plain":
            out.append(f"<p>{text}</p>")
        elif block.heading:
            text = f"<strong>{text}</strong>"
            out.append(f"<p><em>{text}</em>" if headings == "em" else f"<p>{text}")
            paragraph = True
        else:
            out.append(f"<p>{text}")
            paragraph = True
    close(0)
    text = "".join(out)
    return re.sub(r"(</p>|</ul>|</h3>|</strong>)(?=<(p|h3|strong)>)", r"\1 ", text).strip()


def render_newline(header, blocks):
    loose = header.get("spacing", "tight") == "loose"
    lines, previous = [], None
    for _, block in blocks:
        text = dressed(header, block)
        if loose and lines and block.kind == "paragraph":
            lines.append("")
        elif loose and previous == "paragraph" and block.kind == "item":
            lines.append("")
        lines.append("    " + text if block.kind == "nested" else text)
        previous = block.kind
    return "\n".join(lines)


def render_flat(header, blocks):
    gap = " " * int(header.get("gap", "2"))
    text = ""
    for _, block in blocks:
        marked = header.get("bullet") and block.kind in ("item", "nested")
        text += (" " if marked else gap) + dressed(header, block)
    return text.strip()


class Visible(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text = ""

    def handle_data(self, data):
        self.text += data


def visible_text(fmt, description):
    if fmt != "html":
        return description
    reader = Visible()
    reader.feed(description)
    reader.close()
    return reader.text


def build_row(path):
    header, blocks = parse(path)
    fmt = header["format"]
    fragments = fragments_of(header, blocks)
    render = {"html": render_html, "newline": render_newline, "flat": render_flat}[fmt]
    description = render(header, blocks)
    # The fragments must be the description: nothing lost, added or reordered.
    shown = "".join(visible_text(fmt, description).split())
    if shown != "".join("".join(f["text"].split()) for f in fragments):
        raise SourceError(f"{path.name}: the description differs from the fragments")
    return {
        "id": header["id"],
        "source": "golden",
        "format": fmt,
        "it": header["it"] == "yes",
        "title": header["title"],
        "description": description,
        "fragments": fragments,
    }


def counts_table(rows):
    """Markdown tables of vacancies and fragments."""
    groups = [("all", rows)]
    groups += [(name, [r for r in rows if r["format"] == name]) for name in ("html", "newline", "flat")]
    groups += [("IT", [r for r in rows if r["it"]]), ("other jobs", [r for r in rows if not r["it"]])]
    out = [
        f"| | vacancies | fragments | headings | {' | '.join(LABELS.values())} |",
        "|---|" + "---:|" * (3 + len(LABELS)),
    ]
    for name, group in groups:
        fragments = [f for row in group for f in row["fragments"]]
        labels = Counter(f["label"] for f in fragments)
        total = max(len(fragments), 1)
        cells = [f"{labels[label]} ({100 * labels[label] / total:.0f} %)" for label in LABELS.values()]
        headings = sum(f["heading"] for f in fragments)
        out.append(f"| {name} | {len(group)} | {len(fragments)} | {headings} | {' | '.join(cells)} |")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when out of date")
    args = parser.parse_args()
    found = importlib.metadata.version("razdel")
    if found != RAZDEL_VERSION:
        sys.exit(f"razdel {RAZDEL_VERSION} is needed, found {found}")

    rows, errors = [], []
    for path in sorted((GOLDEN / "source").glob("*.txt")):
        try:
            rows.append(build_row(path))
        except SourceError as error:
            errors.append(str(error))
    if errors:
        sys.exit("\n".join(errors))

    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    readme = (GOLDEN / "README.md").read_text(encoding="utf-8")
    before, start, rest = readme.partition(TABLE_START)
    _, end, after = rest.partition(TABLE_END)
    if not start or not end:
        sys.exit(f"assets/golden/README.md: the marks {TABLE_START} and {TABLE_END} are missing")
    table = counts_table(rows)
    outputs = {
        GOLDEN / "golden.jsonl": data,
        GOLDEN / "README.md": f"{before}{start}\n{table}\n{end}{after}",
    }
    stale = [p for p, text in outputs.items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if args.check:
        if stale:
            sys.exit("out of date: " + ", ".join(p.name for p in stale))
        return
    for path in stale:
        path.write_text(outputs[path], encoding="utf-8", newline="\n")
    print(table)


if __name__ == "__main__":
    main()
