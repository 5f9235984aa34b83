"""Segment B of a fragment: pieces of the heading above it and of its neighbours.

    [CLS] fragment [SEP] heading [SEP] previous [SEP] next [SEP]

`token_type_ids` are 1 after the first [SEP] (encoder.token_types). The heading is the nearest line above that looks like one, unless that is the
previous fragment itself. A fragment too long to leave room for the rest stands alone.
"""

from encoder import CLS, MAX_LENGTH, SEP

HEADING, PREVIOUS, NEXT = 6, 10, 6
# [CLS] and four [SEP].
LONGEST = MAX_LENGTH - HEADING - PREVIOUS - NEXT - 5
WORDS = 8
WORDS_WITHOUT_COLON = 3


def looks_like_heading(text, whole_block):
    """A short line of its own that ends in a colon, or is very short."""
    words = len(text.split())
    return whole_block and words <= WORDS and (text.rstrip().endswith(":") or words <= WORDS_WITHOUT_COLON)


def segments(blocks, texts, pieces):
    """Segment B of each fragment of one vacancy (ids without the last [SEP]), None for one that stands alone."""
    found, heading, last = [], None, len(texts) - 1
    for index, text in enumerate(texts):
        above = pieces[heading][:HEADING] if heading is not None and heading != index - 1 else []
        previous = pieces[index - 1][-PREVIOUS:] if index else []
        following = pieces[index + 1][:NEXT] if index < last else []
        fits = len(pieces[index]) <= LONGEST
        found.append([*above, SEP, *previous, SEP, *following] if fits else None)
        opens = index == 0 or blocks[index - 1] != blocks[index]
        closes = index == last or blocks[index + 1] != blocks[index]
        if looks_like_heading(text, opens and closes):
            heading = index
    return found


def joined(pieces, segment):
    """`input_ids` of a fragment with its segment B, or alone."""
    if segment is None:
        return [CLS, *pieces[: MAX_LENGTH - 2], SEP]
    return [CLS, *pieces, SEP, *segment, SEP]
