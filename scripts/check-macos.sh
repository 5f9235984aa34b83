#!/usr/bin/env bash
# Type-checks the crate for both Mac targets without a Mac: library, tests, examples and benches, with
# all features, warnings being errors. Then plants a wrong Objective-C method name in a copy and demands
# that the check fails for that reason, so that a check which checks nothing does not pass.
#
#     scripts/check-macos.sh
#
# What it needs it gets by itself: the standard library of the Mac targets from rustup, or, where rustup
# cannot bring it, Debian's rustc-web with the sources of the standard library (no root needed if the
# package lists are there). Nothing is linked; a stub stands in for the C compiler that one dependency
# asks for.
#
#     MACOS_CHECK_DIR        where downloads and build files are kept between runs; default
#                            ${XDG_CACHE_HOME:-$HOME/.cache}/vacancy-sections/macos-check
#     MACOS_CHECK_TOOLCHAIN  `rustup` or `debian`; default: rustup if it works
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never

readonly targets=(aarch64-apple-darwin x86_64-apple-darwin)
readonly dir=${MACOS_CHECK_DIR:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/vacancy-sections/macos-check}
readonly ffi=src/session/coreml/ffi.rs
readonly method=predictionFromFeatures_error planted=predictionFromFeatures_errors

say() { printf 'check-macos: %s\n' "$*"; }
die() { printf 'check-macos: %s\n' "$*" >&2; exit 1; }

mkdir -p "$dir"

# --- the standard library of the Mac targets

readonly debian=$dir/debian
# shellcheck source=scripts/foreign-std.sh
. scripts/foreign-std.sh
bring_std "${MACOS_CHECK_TOOLCHAIN:-auto}"

# --- tools

# Stands in for clang and ar: makes the files that a build script looks for, with nothing in them.
cat >"$dir/cc-stub" <<'STUB'
#!/bin/sh
for argument in "$@"; do
  case $previous in -o) : >"$argument" ;; esac
  case $argument in *.a) printf '!<arch>\n' >"$argument" ;; esac
  previous=$argument
done
STUB
# Makes warnings errors, in this crate alone.
cat >"$dir/deny-warnings" <<'WRAPPER'
#!/bin/sh
exec "$@" -D warnings
WRAPPER
chmod +x "$dir/cc-stub" "$dir/deny-warnings"
export RUSTC_WORKSPACE_WRAPPER=$dir/deny-warnings
if [ "$(uname -s)" != Darwin ]; then
  for target in "${targets[@]}"; do
    export "CC_${target//-/_}=$dir/cc-stub" "AR_${target//-/_}=$dir/cc-stub"
  done
fi

# Macros and build scripts run once; optimising them takes longer.
readonly unoptimised=(--config 'profile.dev.package."*".opt-level=0')

# check TARGET [cargo arguments]
check() {
  local target=$1
  shift
  cargo check --locked --quiet "${unoptimised[@]}" ${std[@]+"${std[@]}"} --target "$target" \
    --target-dir "$dir/target" "$@"
}

# --- the check

for target in "${targets[@]}"; do
  say "$target: all targets, all features"
  check "$target" --all-targets --all-features
done
# What a set of features leaves unused is no mistake, so warnings are just shown.
for features in "" model coreml; do
  say "${targets[0]}: library with features [$features]"
  RUSTC_WORKSPACE_WRAPPER='' check "${targets[0]}" --no-default-features --features "$features"
done
if [ ${#std[@]} -eq 0 ] && cargo clippy --version >/dev/null 2>&1; then
  say "${targets[0]}: clippy"
  env -u RUSTC_WORKSPACE_WRAPPER cargo clippy --locked --quiet "${unoptimised[@]}" \
    --target "${targets[0]}" --target-dir "$dir/target" --all-targets --all-features -- -D warnings
fi

# --- the negative control

copy=$(mktemp -d "$dir/control.XXXXXX")
trap 'rm -rf "$copy"' EXIT
tar -c --exclude=./target --exclude=./.git --exclude=./fuzz --exclude=./training --exclude=./crates . | tar -x -C "$copy"
grep -q "$method" "$ffi" || die "$ffi: expected a call of $method, found none: choose another for the control"
sed "s/$method/$planted/g" "$ffi" >"$copy/$ffi"
for target in "${targets[@]}"; do
  say "$target: with a wrong method name, must fail"
  if output=$(cd "$copy" && check "$target" --all-features 2>&1); then
    die "negative control: expected the check to fail on $planted, it passed"
  fi
  # E0599: no method of that name.
  if ! grep -q 'error\[E0599\]' <<<"$output" || ! grep -q "$planted" <<<"$output"; then
    printf '%s\n' "$output" >&2
    die "negative control: expected error E0599 naming $planted, found the output above"
  fi
  # The planted mistake must be the only one.
  if grep '^error' <<<"$output" | grep -v -e '^error\[E0599\]' -e '^error: could not compile' >&2; then
    die "negative control: expected error E0599 alone, found the errors above as well"
  fi
done
say "passed: ${targets[*]}; the negative control failed as it must"
