#!/usr/bin/env bash
# memory.sh: holdfast-init under valgrind and with sanitizers, each subcommand and each way to see connections
#
# Ends with 1 when an exit code is not the expected one: both make it 99 for a bad access, undefined behaviour, an
# undefined value or a leak. Needs gcc, valgrind and, for the network of its own, root.
set -euo pipefail
cd "$(dirname "$0")/../../.."

built=target/init/memory
if [ "${1:-}" != inside ]; then
  mkdir -p "$built"
  gcc -std=c11 -D_GNU_SOURCE -g -O1 -fno-inline '-DVERSION="memory"' -o "$built/valgrind" src/main/c/*.c
  gcc -O1 -o "$built/peer" src/test/resources/init/peer.c
  gcc -O1 -o "$built/puppet" src/test/resources/init/puppet.c
  src/main/c/build.sh sanitize
  cp target/init/sanitize/holdfast-init "$built/sanitized"
  for way in valgrind sanitized; do
    echo "--- $way"
    unshare --fork --pid --mount-proc --net --kill-child "$0" inside "$way"
  done
  exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
init=$built/$2
peer=$built/peer
under=(valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite)
[ "$2" = valgrind ] || under=(env ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1)
failed=0

# expect CODE NAME COMMAND...
expect() {
  local wanted=$1 name=$2 status=0
  shift 2
  timeout 60 "$@" >"$work/out" 2>&1 || status=$?
  if [ "$status" = "$wanted" ]; then
    echo "ok      $name"
  else
    echo "FAILED  $name: exit code $status, not $wanted"
    cat "$work/out"
    failed=1
  fi
}

# signal NUMBER PATTERN: to the process whose command line matches, once it has had time to start
signal() {
  for _ in $(seq 100); do
    sleep 0.1
    pid=$(pgrep -f "$2" | tail -n 1) && sleep 1 && kill "-$1" "$pid" && return
  done
}

ip link set lo up
ip address add 10.9.0.1/32 dev lo
ip address add fd09::1/128 dev lo

expect 0 "help" "${under[@]}" "$init" --help
expect 125 "usage" "${under[@]}" "$init" --ports 0 -- true
expect 0 "version" "${under[@]}" "$init" version
expect 0 "sleep" "${under[@]}" "$init" sleep 100ms
expect 0 "install" "${under[@]}" "$init" install "$work/installed"
expect 1 "wait-for, nobody there" "${under[@]}" "$init" wait-for --timeout 1 tcp://127.0.0.1:1 file:///none

mkfifo "$work/server" "$work/client"
"$peer" <"$work/server" >"$work/server.out" &
exec 8>"$work/server"
echo "listen :: 8080" >&8
"$peer" <"$work/client" >"$work/client.out" &
exec 9>"$work/client"
for _ in $(seq 50); do
  grep -q ok "$work/server.out" && break
  sleep 0.1
done

expect 0 "wait-for" "${under[@]}" "$init" wait-for --timeout 9 tcp://127.0.0.1:8080 "file://$work"

# traffic of every kind for three seconds
traffic() {
  printf '%s\n' "connect a - 10.9.0.1 8080" "connect b - fd09::1 8080" "repeat 100 10 send a 100" "repeat 50 10 short - 10.9.0.1 8080" \
    "repeat 50 10 shortreset - fd09::1 8080" "repeat 50 10 send b 10" "close a" "reset b" >&9
}
drain=(drain --quiet 1s --min 0 --max 9s)
traffic
expect 0 "drain, sock_diag" "${under[@]}" "$init" "${drain[@]}" --ports 8080
traffic
expect 3 "drain, listening ports, then a command" "${under[@]}" "$init" "${drain[@]}" -- sh -c 'exit 3'
traffic
expect 0 "drain, budget" "${under[@]}" "$init" "${drain[@]}" --ignore 10.9.0.1,fd09::/64 --probe-budget 3/1s
traffic
expect 0 "drain, new connections" "${under[@]}" "$init" "${drain[@]}" --quiet-connections 2s
traffic
expect 0 "drain, /proc" "$built/puppet" start --deny-netlink 1 -- "${under[@]}" "$init" "${drain[@]}"
traffic
expect 0 "drain, max" "${under[@]}" "$init" drain --max 1s
exec 8>&- 9>&-

expect 7 "exit code" "${under[@]}" "$init" --subreaper -- sh -c '(sleep 0.2 &) ; exit 7'
expect 127 "no such command" "${under[@]}" "$init" -- /nonexistent
signal TERM "$2 --drain" &
expect 143 "drain before TERM" "${under[@]}" "$init" --drain --quiet 1s --min 0 -- sleep 30

exit "$failed"
