"""A vacancy description (HTML or text) as blocks and sentence fragments, the way the labelled data were made."""

import html
import re
from html.parser import HTMLParser

from razdel import sentenize

BLOCK_TAGS = frozenset("p li ul ol div br h1 h2 h3 h4 h5 h6 tr table hr".split())


class _Lines(HTMLParser):
    """Text of an HTML description with a line break at every block tag."""

    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_starttag(self, tag, attrs):
        if tag in BLOCK_TAGS:
            self.parts.append("\n")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag in BLOCK_TAGS:
            self.parts.append("\n")

    def handle_data(self, data):
        self.parts.append(data)


def lines(description, form):
    """Non-empty lines of a description; `form` is html, newline or flat."""
    if form == "html":
        parser = _Lines()
        parser.feed(description)
        text = "".join(parser.parts)
    else:
        text = html.unescape(description)
    if form == "flat":
        text = re.sub(r" {2,}", "\n", text)
    text = text.replace("\xa0", " ").replace("\u200b", "")
    found = (re.sub(r"\s+", " ", line).strip() for line in re.split(r"[\n\r]+", text))
    return [line for line in found if line]


def fragments(description, form):
    """`(block, text)` pairs in text order: razdel sentences inside each line."""
    return [
        (block, sentence.text.strip())
        for block, line in enumerate(lines(description, form))
        for sentence in sentenize(line)
        if sentence.text.strip()
    ]


def normalised(text):
    """Letters and digits only, lower case: the key under which two fragments count as the same."""
    return re.sub(r"[^a-zа-яё0-9]+", "", text.lower())


def identity(text):
    """`normalised`, or the text itself where it has no letters and digits."""
    return normalised(text) or text
