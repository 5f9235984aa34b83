#!/usr/bin/env bash
# Compiles the library with every set of features that differs from the others on this system, each by itself,
# warnings being errors.
#
#     scripts/feature-powerset.sh
#
# `cargo hack` does the same, but building it takes longer than this. Left out: `coreml`, which adds code on
# macOS only (scripts/check-macos.sh), and `model` beside `embedded-model`, which implies it.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t features < <(
  sed -n '/^\[features\]/,/^\[dependencies\]/s/^\([a-z-]*\) = .*/\1/p' Cargo.toml | grep -vx -e default -e coreml
)
[ "${#features[@]}" -gt 3 ] || { echo "expected a section [features] in Cargo.toml, found ${#features[@]} names" >&2; exit 1; }

sets=0
for ((mask = 0; mask < 1 << ${#features[@]}; mask++)); do
  chosen=()
  for ((bit = 0; bit < ${#features[@]}; bit++)); do
    ((mask >> bit & 1)) && chosen+=("${features[bit]}")
  done
  names=" ${chosen[*]-} "
  [[ $names == *" embedded-model "* && $names == *" model "* ]] && continue
  cargo clippy --locked --quiet --lib --no-default-features --features "${chosen[*]-}" -- -D warnings ||
    { echo "features:$names" >&2; exit 1; }
  sets=$((sets + 1))
done
echo "$sets sets of: ${features[*]}"
