#!/usr/bin/env python3
"""What `classify_jsonl` costs from 1 to 100,000 vacancies: time per vacancy and peak memory.

    bulk_cost.py FILE.jsonl [--field description] [--program target/release/examples/classify_jsonl]
                 [--threads 1] [--counts 1 10 100 1000 10000 100000]

The rows of FILE are repeated until there are enough of them, and are written to the program's standard
input. CPU time is that of the process, its start and the loading of the model included; the second column
leaves out what one vacancy costs.
"""

import argparse
import itertools
import os
import subprocess
import threading
import time


def rows_of(path):
    """The rows of a file, over and over. They are not kept: the kernel counts what this process has in
    memory when it starts the program towards the program's peak."""
    while True:
        with open(path, "rb") as file:
            yield from file


def run(command, path, count):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def write():
        for row in itertools.islice(rows_of(path), count):
            process.stdin.write(row)
        process.stdin.close()

    writer = threading.Thread(target=write)
    writer.start()
    _, status, usage = os.wait4(process.pid, 0)
    writer.join()
    if status:
        raise SystemExit(f"{command[0]}: status {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--field", default="description")
    parser.add_argument("--program", default="target/release/examples/classify_jsonl")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--counts", type=int, nargs="*", default=[1, 10, 100, 1000, 10000, 100000])
    args = parser.parse_args()
    if not os.path.getsize(args.file):
        parser.error(f"{args.file} is empty")
    command = [args.program, "-", "-", "--field", args.field, "--threads", str(args.threads)]
    print(f"{'vacancies':>10} {'wall s':>9} {'CPU s':>9} {'CPU ms each':>12} {'peak MiB':>9}")
    first = None
    for count in args.counts:
        wall, cpu, memory = run(command, args.file, count)
        first = first or cpu
        each = (cpu - first) * 1e3 / max(count - 1, 1)
        print(f"{count:10} {wall:9.2f} {cpu:9.2f} {each:12.3f} {memory:9.1f}", flush=True)


if __name__ == "__main__":
    main()
