#!/usr/bin/env bash
# Builds holdfast-init for amd64 and arm64, twice and in different folders, and fails when the bytes differ or a binary
# is larger than 110,000 bytes. Then lets the arm64 binary do one thing of each kind under qemu:
#
#   src/lab/init/builds.sh
#
# Needs root (a PID namespace), musl-gcc (Debian: musl-tools), qemu-aarch64-static (qemu-user-static), and zig or the PyPI package ziglang.
set -euo pipefail
cd "$(dirname "$0")/../../.."

largest=110000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$*" >&2
  exit 1
}

# expect CODE COMMAND...
expect() {
  local wanted=$1 code=0
  shift
  "$@" >"$work/out" 2>&1 || code=$?
  [ "$code" = "$wanted" ] || fail "$*: exit code $code instead of $wanted: $(cat "$work/out")"
}

mkdir -p "$work/in/another/folder"
cp -r --parents pom.xml src/main/c "$work/in/another/folder"
for architecture in amd64 arm64; do
  file=target/init/linux-$architecture/holdfast-init
  src/main/c/build.sh "$architecture"
  "$work/in/another/folder/src/main/c/build.sh" "$architecture"
  cmp "$file" "$work/in/another/folder/$file"
  bytes=$(stat -c %s "$file")
  [ "$bytes" -le "$largest" ] || fail "$file: $bytes bytes"
  echo "$architecture: $bytes bytes, twice the same"
done

arm=(qemu-aarch64-static target/init/linux-arm64/holdfast-init)
expect 0 "${arm[@]}" version
expect 125 "${arm[@]}" true
expect 7 "${arm[@]}" -- sh -c 'exit 7'
expect 127 "${arm[@]}" -- "$work/nowhere"
expect 126 "${arm[@]}" -- /etc/passwd
expect 0 "${arm[@]}" --exit-code-remap 9 -- sh -c 'exit 9'
# shellcheck disable=SC2016 # for the child to expand
expect 5 "${arm[@]}" --rewrite TERM:USR1 -- sh -c 'trap "exit 5" USR1; kill -TERM "$PPID"; while :; do sleep 0.01; done'
# shellcheck disable=SC2016
expect 143 "${arm[@]}" -- sh -c 'kill -TERM $$'
expect 143 timeout --foreground --preserve-status 1 "${arm[@]}" sleep 1m
# qemu knows no subreaper
expect 4 unshare --fork --pid --mount-proc "${arm[@]}" --wait-all 100ms -- sh -c '(trap "" TERM; sleep 30) & exit 4'
expect 0 "${arm[@]}" wait-for --timeout 5 file:///etc/passwd dns://localhost
expect 1 "${arm[@]}" wait-for --timeout 300ms tcp://127.0.0.1:1
expect 3 "${arm[@]}" drain --ports 1 --min 0 --quiet 100ms --max 1 -- sh -c 'exit 3'
expect 0 "${arm[@]}" install "$work/copy"
cmp target/init/linux-arm64/holdfast-init "$work/copy"
echo "arm64: does as it should under qemu"
