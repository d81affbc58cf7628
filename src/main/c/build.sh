#!/bin/sh
# Builds holdfast-init. The only place with compiler flags.
#
#   build.sh [--if-possible] [amd64|arm64|sanitize]     (default: amd64)
#
# --if-possible is how Maven calls it: nothing to do when the binary is newer than its sources, and no failure but a
# line when the compiler is missing.
# amd64 needs musl-gcc (Debian: musl-tools), sanitize gcc, arm64 `zig` or `python3 -m ziglang` (PyPI: ziglang).
# Writes target/init/linux-amd64/holdfast-init and the like; the same sources and compiler give the same bytes.
set -eu
export LC_ALL=C # the order of the sources
cd "$(dirname "$0")/../../.."

if_possible=false
if [ "${1:-}" = --if-possible ]; then
  if_possible=true
  shift
fi
architecture=${1:-amd64}
sources=src/main/c
version=$(sed -n 's|.*<version>\(.*\)</version>.*|\1|p' pom.xml | head -n 1)

warnings='-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror'
# no PIE: a static binary without relocations is smaller; no unwind tables: nothing unwinds;
# noseparate-code: no padding to whole pages between code and constants
small='-static -fno-pie -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fstack-protector-strong'
link='-no-pie -s -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,relro,-z,now,-z,noexecstack'

case $architecture in
  amd64)
    compiler=musl-gcc
    flags="-Os $small $link -Wl,-z,noseparate-code" ;;
  arm64)
    if command -v zig > /dev/null; then compiler='zig cc'; else compiler='python3 -m ziglang cc'; fi
    compiler="$compiler -target aarch64-linux-musl"
    flags="-Oz -flto $small $link" ;;
  sanitize)
    compiler=gcc
    flags='-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' ;;
  *)
    echo "usage: build.sh [amd64|arm64|sanitize]" >&2
    exit 2 ;;
esac

case $architecture in
  sanitize) output=target/init/sanitize ;;
  *) output=target/init/linux-$architecture ;;
esac
if $if_possible; then
  if ! command -v "${compiler%% *}" > /dev/null; then
    echo "holdfast-init is not built: there is no ${compiler%% *} (Debian: apt-get install musl-tools)"
    exit 0
  fi
  if [ -x "$output/holdfast-init" ] && [ -z "$(find "$sources" pom.xml -newer "$output/holdfast-init")" ]; then
    exit 0
  fi
fi
mkdir -p "$output"
# shellcheck disable=SC2086 # flags are words
$compiler $warnings $flags "-DVERSION=\"$version\"" -o "$output/holdfast-init.new" "$sources"/*.c
mv "$output/holdfast-init.new" "$output/holdfast-init"
