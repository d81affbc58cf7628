#!/usr/bin/env bash
# What holdfast-init costs at rest, beside tini, dumb-init and catatonit where these are installed:
#
#   src/lab/init/figures.sh [--check]
#
# Bytes of the binary; RSS as PID 1; wake-ups in ten idle seconds (context switches); what it adds to the start and end
# of a command that does nothing. Needs root (namespaces), musl-gcc, and build.sh run before. With --check it
# fails when holdfast-init misses an aim.
set -euo pipefail
cd "$(dirname "$0")/../../.."

binary=target/init/linux-amd64/holdfast-init
idle_seconds=10
starts=500
rounds=5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

musl-gcc -O2 -static -o "$work/spawn" src/lab/init/spawn.c
printf 'int main(void) { return 0; }\n' >"$work/true.c"
musl-gcc -O2 -static -o "$work/true" "$work/true.c"

switches() {
  awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$1/status"
}

# at_rest INIT...: RSS in kB as PID 1, and wake-ups while nothing happens
at_rest() {
  local unshare pid before after
  unshare --fork --pid --mount-proc "$@" sleep 60 2>/dev/null &
  unshare=$!
  sleep 1
  pid=$(pgrep -P "$unshare")
  before=$(switches "$pid")
  sleep "$idle_seconds"
  after=$(switches "$pid")
  printf '%s %s\n' "$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")" $((after - before))
  kill -KILL "$pid"
  wait "$unshare" 2>/dev/null || true
}

# start INIT...: microseconds from the start to the end of a program that does nothing; the best of some medians
start() {
  for _ in $(seq "$rounds"); do
    "$work/spawn" "$starts" "$@" "$work/true"
  done | sort -n | head -n 1
}

# row NAME FILE INIT...
row() {
  local name=$1 file=$2 rss wakeups
  shift 2
  read -r rss wakeups < <(at_rest "$@")
  added=$(($(start "$@") - $(start)))
  bytes=$(stat -Lc %s "$file")
  printf '| %-26s | %9d | %6d | %8d | %8d |\n' "$name" "$bytes" "$rss" "$wakeups" "$added"
  last="$bytes $rss $wakeups $added"
}

printf '| %-26s | %9s | %6s | %8s | %8s |\n' init bytes RSS/kB wake-ups added/µs
row holdfast-init "$binary" "$binary" --
ours=$last
if [ -e target/init/linux-arm64/holdfast-init ]; then
  printf '| %-26s | %9d |\n' "holdfast-init, arm64" "$(stat -c %s target/init/linux-arm64/holdfast-init)"
fi
for other in "tini-static -s --" "tini -s --" "dumb-init --" "catatonit --"; do
  name=${other%% *}
  if file=$(command -v "$name"); then
    # shellcheck disable=SC2086 # words
    row "$name" "$file" $other
  fi
done

if [ "${1:-}" = --check ]; then
  read -r bytes rss wakeups added <<<"$ours"
  if [ "$bytes" -gt 110000 ] || [ "$rss" -gt 200 ] || [ "$wakeups" -gt 0 ] || [ "$added" -gt 1000 ]; then
    echo "holdfast-init misses an aim: 110,000 bytes, 200 kB, no wake-up, 1,000 µs" >&2
    exit 1
  fi
fi
