"""The five sections, in the order of the logits."""

LABELS = ["responsibilities", "requirements", "terms", "notes", "junk"]
JUNK = LABELS.index("junk")
INDEX = {name: index for index, name in enumerate(LABELS)}
