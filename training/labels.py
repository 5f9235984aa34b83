"""The five sections, in the order of the logits."""

LABELS = ["responsibilities", "requirements", "terms", "notes", "junk"]
JUNK = LABELS.index("junk")
INDEX = {name: index for index, name in enumerate(LABELS)}


def smoothed(counts, share):
    """Rows of counts by label, `share` of each row spread evenly over all labels."""
    return counts * (1 - share) + counts.sum(1)[:, None] * share / len(LABELS)
