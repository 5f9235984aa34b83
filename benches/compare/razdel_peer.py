#!/usr/bin/env python3
"""CPython's razdel 0.5.0 and this crate's port on the same blocks, in characters per second.

    razdel_peer.py FILE --chunk target/release/examples/chunk [--lines 20000] [--rounds 3]

FILE holds one block per line. Both are timed inside their process, on one thread, round by round in turn;
the best round counts.
"""

import argparse
import subprocess
import tempfile
import time

from razdel import sentenize


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--chunk", required=True)
    parser.add_argument("--lines", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with open(args.file, encoding="utf-8", newline="\n") as file:
        lines = [line.rstrip("\n") for line, _ in zip(file, range(args.lines))]
    characters = sum(map(len, lines))
    ours, theirs = [], []
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".txt") as file:
        file.write("\n".join(lines))
        file.flush()
        for _ in range(args.rounds):
            command = [args.chunk, "--time", "1", file.name]
            ours.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
            start = time.perf_counter()
            for line in lines:
                for _ in sentenize(line):
                    pass
            theirs.append(characters / (time.perf_counter() - start))
    print(f"{len(lines)} blocks, {characters} characters")
    print(f"razdel in CPython  {max(theirs) / 1e6:8.2f} million characters/s")
    print(f"this crate         {max(ours) / 1e6:8.2f} million characters/s, {max(ours) / max(theirs):.0f} x")


if __name__ == "__main__":
    main()
