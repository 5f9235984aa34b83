#!/usr/bin/env bash
# Compares the public API with docs/public-api.txt and demands an example of every public item.
#
#     scripts/public-api.sh [--write]
#
# Rustdoc's JSON changes its format with the compiler. tools/api-listing reads that of Rust 1.95; with
# another compiler it says so and fails, unless API_ANY_COMPILER=1 asks to leave the check out then.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly reads=57
target=$(cargo metadata --locked --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

# The output format is unstable. Only rustdoc is told that this is wanted: told to the whole build, it
# would build every dependency anew.
mkdir -p "$target"
printf '%s\n' '#!/bin/sh' 'RUSTC_BOOTSTRAP=1 exec rustdoc "$@"' >"$target/rustdoc-json"
chmod +x "$target/rustdoc-json"
RUSTDOC=$target/rustdoc-json cargo rustdoc --locked --quiet --lib --all-features -- \
  -Zunstable-options --output-format json --cap-lints allow
json=$target/doc/vacancy_sections.json

found=$(grep -o '"format_version":[0-9]*' "$json" | tail -n 1 | cut -d: -f2)
if [ "$found" != "$reads" ] && [ "${API_ANY_COMPILER:-0}" = 1 ]; then
  echo "public API: not compared, $(rustc --version) writes format $found, tools/api-listing reads $reads"
  exit 0
fi
cargo run --locked --quiet --manifest-path tools/api-listing/Cargo.toml --target-dir "$target/tools" -- \
  "$json" docs/public-api.txt "$@"
