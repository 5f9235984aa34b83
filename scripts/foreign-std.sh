# Brings the standard library of targets that are not the host's. To be sourced; the caller has set the
# array `targets`, the directory `debian` for what comes from there, and functions `say` and `die`. Sets the
# array `std`, arguments for cargo, and exports what a compiler of Debian's needs.
#
# From rustup, or, where rustup cannot bring it, Debian's rustc-web with the sources of the standard
# library (no root needed if the package lists are there).

use_rustup() {
  local sysroot target missing=()
  command -v rustc >/dev/null || return 1
  sysroot=$(rustc --print sysroot)
  for target in "${targets[@]}"; do
    [ -d "$sysroot/lib/rustlib/$target/lib" ] || missing+=("$target")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    command -v rustup >/dev/null || return 1
    say "adding ${missing[*]} to the toolchain"
    timeout 600 rustup target add "${missing[@]}" || return 1
  fi
  std=()
}

# The version that `apt-cache madison` lists, newest last.
newest() { apt-cache madison "$1" | awk '{print $3}' | sort -V | tail -n 1; }

# The dependency of package $1 in version $2 whose name begins with $3.
dependency() {
  apt-cache depends "$1=$2" | awk -v want="$3" '/Depends:/ && index($2, want) == 1 {print $2; exit}'
}

use_debian() {
  local root=$debian version library llvm deb
  if [ ! -e "$root/complete" ]; then
    command -v apt-get >/dev/null || die "expected rustup with ${targets[*]}, or apt; found neither"
    say "fetching Debian's rustc-web and the sources of the standard library"
    rm -rf "$root"
    mkdir -p "$root/deb"
    [ "$(id -u)" -ne 0 ] || apt-get update -qq || say "apt-get update failed; going on with the lists at hand"
    version=$(newest rust-web-src)
    [ -n "$version" ] || die "expected a package rust-web-src, found none in the package lists"
    library=$(dependency libstd-rust-web-dev "$version" libstd-rust-web-)
    llvm=$(dependency "$library" "$version" libllvm)
    [ -n "$library" ] || die "expected libstd-rust-web-dev $version to name its library, found none"
    (cd "$root/deb" && apt-get download -qq "rustc-web=$version" "rust-web-src=$version" \
      "libstd-rust-web-dev=$version" "$library=$version" ${llvm:+"$llvm"})
    for deb in "$root"/deb/*.deb; do dpkg -x "$deb" "$root"; done
    rm -rf "$root/deb"
    touch "$root/complete"
  fi
  local libraries=("$root"/usr/lib/*-linux-gnu)
  export LD_LIBRARY_PATH=${libraries[0]}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export RUSTC=$root/usr/bin/rustc RUSTDOC=$root/usr/bin/rustdoc
  # The compiler has the host's standard library only; that of the targets is checked along from source.
  export RUSTC_BOOTSTRAP=1
  std=(-Zbuild-std=std,panic_abort,test,proc_macro)
}

# bring_std rustup|debian|auto
bring_std() {
  case $1 in
    rustup) use_rustup || die "expected the targets ${targets[*]} from rustup, could not get them" ;;
    debian) use_debian ;;
    auto) use_rustup || use_debian ;;
    *) die "expected rustup or debian, found $1" ;;
  esac
  say "$("${RUSTC:-rustc}" --version)"
}
