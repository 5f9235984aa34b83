#!/usr/bin/env bash
# Builds tests/consumer/browser for wasm32-unknown-unknown and, where Node.js is at hand, has the module
# structure the sample vacancy. Tells size and times.
#
#     scripts/check-wasm.sh
#
#     WASM_CHECK_DIR        where build files are kept between runs; default
#                           ${XDG_CACHE_HOME:-$HOME/.cache}/vacancy-sections/wasm-check
#     WASM_CHECK_TOOLCHAIN  `rustup` or `debian`; default: rustup if it works
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never

readonly targets=(wasm32-unknown-unknown)
readonly cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/vacancy-sections
readonly dir=${WASM_CHECK_DIR:-$cache/wasm-check}
# The compiler and the sources are those of check-macos.sh.
readonly debian=$cache/macos-check/debian

say() { printf 'check-wasm: %s\n' "$*"; }
die() { printf 'check-wasm: %s\n' "$*" >&2; exit 1; }

mkdir -p "$dir" "$(dirname "$debian")"
# The linker for WebAssembly comes with rustup's toolchain. Debian's compiler is given the same one.
linker=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
[ -x "$linker" ] || linker=$(command -v wasm-ld || true)
[ -n "$linker" ] || die "expected rust-lld in the toolchain or wasm-ld, found neither"
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
# getrandom has no source of its own there; the example brings one.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS='--cfg getrandom_backend="custom"'

# shellcheck source=scripts/foreign-std.sh
. scripts/foreign-std.sh
bring_std "${WASM_CHECK_TOOLCHAIN:-auto}"
[ ${#std[@]} -eq 0 ] || std=(-Zbuild-std=std,panic_abort)

cargo build --locked --quiet ${std[@]+"${std[@]}"} --manifest-path tests/consumer/Cargo.toml --package browser \
  --profile browser --target "${targets[0]}" --target-dir "$dir"
module=$dir/${targets[0]}/browser/browser.wasm
say "module: $(stat -c %s "$module") bytes, $(gzip -9 -c "$module" | wc -c) gzipped"
if command -v node >/dev/null; then
  node tests/consumer/browser/run.mjs "$module" assets/sample_vacancy.txt
else
  say "not run: expected node, found none"
fi
