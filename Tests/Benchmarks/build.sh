#!/bin/sh
# Builds the C reference and the seeder of Tests/bench into a folder.
#
#   Tests/Benchmarks/build.sh FOLDER
#
# Not a part of the package, which has no programs that only measurements need. The compiler is the
# Swift toolchain's clang, which compiles the same kernels for the package; CC names another one.
set -eu
[ $# -eq 1 ] || { echo "usage: build.sh FOLDER" >&2; exit 28; }
here=$(cd "$(dirname "$0")" && pwd)
hashing=$here/../../Sources/CHashing

if [ -z "${CC:-}" ]; then
  beside_swift=$(dirname "$(readlink -f "$(command -v swiftc || echo /)")")/clang
  if command -v clang >/dev/null; then CC=clang; else CC=$beside_swift; fi
fi
flags="-std=gnu17 -O3 -Wall -Wextra -Werror"
# The kernels choose by themselves at run time; the rest gets what every x86-64 of ten years has.
[ "$(uname -m)" = x86_64 ] && flags="$flags -march=x86-64-v2"

mkdir -p "$1"
# shellcheck disable=SC2086  # flags are many words
$CC $flags -I"$hashing/include" -o "$1/reference" \
  "$here"/Common/*.c "$here"/Reference/*.c "$hashing"/*.c
# shellcheck disable=SC2086
$CC $flags -o "$1/seeder" "$here"/Common/*.c "$here"/Seeder/*.c
