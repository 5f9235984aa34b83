#!/usr/bin/env bash
# What each set of features costs a program that depends on this crate: crates in its build, and the time of a
# build from nothing, as a table.
#
#     scripts/feature-costs.sh
#
# The time is what the processor worked for it, on all cores together: other work on the machine disturbs it less
# than it does the clock. Crates are downloaded beforehand.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_TARGET_DIR RUSTFLAGS
export CARGO_TERM_COLOR=never TIMEFORMAT='%U %S'

# A program with the versions of our Cargo.lock.
program() {
  mkdir -p "$work/src"
  echo 'fn main() {}' >"$work/src/main.rs"
  cp "$here/Cargo.lock" "$work"
  printf '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies.vacancy-sections]\npath = "%s"\n%s\n' \
    "$here" "$1" >"$work/Cargo.toml"
  cargo fetch --quiet --manifest-path "$work/Cargo.toml"
}

crates() {
  cargo tree --offline --manifest-path "$work/Cargo.toml" --edges normal --prefix none --no-dedupe |
    sed 's/ (.*//' | grep -v '^program ' | sort -u | wc -l
}

seconds() {
  rm -rf "$work/target"
  { time cargo build --offline --quiet --manifest-path "$work/Cargo.toml" "$@"; } 2>&1 |
    awk 'NF == 2 && $0 ~ /^[0-9. ]+$/ { printf "%.0f s", $1 + $2; found = 1 } !/^[0-9. ]+$/ { print > "/dev/stderr" } END { exit !found }'
}

echo '| features | crates | debug build | release build |'
echo '|---|---|---|---|'
row() {
  program "$2"
  echo "| $1 | $(crates) | $(seconds) | $(seconds --release) |"
}
some() { row "$1" "default-features = false"$'\n'"features = [$2]"; }
some none ''
some '`html`' '"html"'
some '`unicode`' '"unicode"'
some '`serde`' '"serde"'
some '`model`' '"model"'
row 'the default' ''
some 'all' '"coreml", "embedded-model", "html", "model", "serde", "testing", "unicode"'
