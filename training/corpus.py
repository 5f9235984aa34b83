"""Stage 0: unlabelled descriptions -> corpus of fragments that is free of the labelled vacancies.

A description is dropped when it shares at least 30 % of its long fragments (25 letters or more after
normalisation) with one single labelled vacancy: that catches the labelled vacancies themselves, their
re-posts and near copies. Descriptions that repeat another one literally are dropped too.
"""

import argparse
import collections

import blocks
import rows

LONG = 25
SHARE = 0.3


def long_keys(texts):
    keys = {blocks.normalised(text) for text in texts}
    return {key for key in keys if len(key) >= LONG}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--descriptions", required=True)
    parser.add_argument("--labelled", nargs="+", required=True, help="labelled files whose vacancies must not appear")
    parser.add_argument("--out", required=True)
    parser.add_argument("--left-out", required=True, help="where to store the lines of the dropped descriptions")
    args = parser.parse_args()

    owners = collections.defaultdict(set)
    whole = {}
    for path in args.labelled:
        for vacancy in rows.read(path):
            texts = [fragment["text"] for fragment in vacancy["fragments"]]
            whole["".join(blocks.normalised(text) for text in texts)] = path
            for key in long_keys(texts):
                owners[key].add((path, vacancy["id"]))

    seen, kept, left_out = set(), [], []
    dropped = collections.Counter()
    for row in rows.read(args.descriptions):
        pairs = blocks.fragments(row["description"], row["format"])
        texts = [text for _, text in pairs]
        identity = "".join(blocks.normalised(text) for text in texts)
        if not identity or identity in seen:
            dropped["repeated"] += 1
            continue
        seen.add(identity)
        keys = long_keys(texts)
        shared = collections.Counter(owner for key in keys for owner in owners.get(key, ()))
        owner, count = max(shared.items(), key=lambda item: (item[1], item[0])) if shared else (None, 0)
        if identity in whole or (keys and count >= SHARE * len(keys)):
            dropped[whole.get(identity) or owner[0]] += 1
            left_out.append({"texts": texts})
            continue
        kept.append({"blocks": [block for block, _ in pairs], "texts": texts})
    rows.write(args.out, kept)
    rows.write(args.left_out, left_out)
    print(f"kept {len(kept)} descriptions, {sum(len(row['texts']) for row in kept)} fragments; dropped {dict(dropped)}")


if __name__ == "__main__":
    main()
