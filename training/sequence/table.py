"""The parameter table that src/aggregate/sequence/parameters.rs reads."""


def number(value):
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def write(path, vacancies, parts, threshold, comments):
    """`parts`: feature rows, transitions by link, content under announced sections by gate."""
    features, transitions, under = parts
    lines = ["vacancy-sections sequence 1"] + [f"# {comment}" for comment in comments]

    def rows(table):
        lines.extend(" ".join(number(value) for value in row) for row in table)

    at = 0
    for name, width in vacancies.groups:
        lines.append(f"feature {name} {width}")
        rows(features[at : at + width])
        at += width
    for name, table in zip(vacancies.links, transitions):
        lines.append(f"transition {name}")
        rows(table)
    for name, table in zip(vacancies.gates, under):
        lines.append(f"under {name}")
        rows(table)
    lines += [f"junk_threshold {number(threshold)}", "end"]
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
