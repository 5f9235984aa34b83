"""Block kind and emphasis for labelled fragments of HTML vacancies, from the description they were cut from."""

import re
from html.parser import HTMLParser

BLOCKS = {"p", "li", "ul", "ol", "div", "br", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "hr"}
BOLD = {"b", "strong"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


class Lines(HTMLParser):
    """Text lines of an HTML description, each with its kind and whether all of it is bold."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines, self.open = [], []
        self.start()

    def start(self):
        self.text, self.plain = [], False

    def flush(self):
        text = key("".join(self.text))
        if text:
            heading = any(tag in HEADINGS for tag in self.open)
            kind = "heading" if heading else "list_item" if "li" in self.open else "paragraph"
            self.lines.append((text, kind, heading or not self.plain))
        self.start()

    def handle_starttag(self, tag, attributes):
        if tag in BLOCKS:
            self.flush()
        if tag not in {"br", "hr", "img", "input", "meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in BLOCKS:
            self.flush()
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        self.text.append(data)
        if key(data) and not any(tag in BOLD for tag in self.open):
            self.plain = True


def key(text):
    """What is compared: letters and digits."""
    return re.sub(r"[\W_]+", "", text.lower())


def of_fragments(vacancy):
    """(kind, emphasis) of each fragment; (None, None) where the layout is unknown."""
    unknown = [(None, None)] * len(vacancy["fragments"])
    if vacancy["format"] != "html":
        return unknown
    parser = Lines()
    parser.feed(vacancy["description"])
    parser.flush()
    blocks = {}
    for fragment in vacancy["fragments"]:
        blocks.setdefault(fragment["block"], []).append(fragment["text"])
    found, at = {}, 0
    for block, texts in blocks.items():
        text = key("".join(texts))
        for index in range(at, len(parser.lines)):
            if text and parser.lines[index][0] == text:
                found[block], at = parser.lines[index][1:], index + 1
                break
    return [found.get(fragment["block"], (None, None)) for fragment in vacancy["fragments"]]
