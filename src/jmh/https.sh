#!/usr/bin/env bash
# Reviews per second over HTTPS, beside those of a handler that merely echoes the body: same server, same run,
# rounds in turn. HTTP/1.1 (as API servers call webhooks), keep-alive, TLS 1.3, 16 connections.
#
#   ./mvnw -q -Pbenchmarks package && src/jmh/https.sh [ROUNDS [SECONDS [WARM-UP SECONDS]]]
#
# Needs wrk and curl (Debian packages of these names). The server runs with the JVM of JAVA_HOME, else of the PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-5}
seconds=${2:-5}
warm_up=${3:-20}
port=18443
management=19000
jar=target/benchmarks/quarkus-app/quarkus-run.jar

for tool in wrk curl; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2; exit 2; }
done
[ -f "$jar" ] || { echo "$jar is missing: ./mvnw -q -Pbenchmarks package" >&2; exit 2; }

work=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
QUARKUS_HTTP_SSL_PORT=$port QUARKUS_MANAGEMENT_PORT=$management \
  "$java" -XX:+UseSerialGC -Xmx128m -jar "$jar" serve >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 120); do
  curl -fsk -o /dev/null "https://localhost:$port/review/small" \
    && curl -fs -o /dev/null "http://localhost:$management/q/health/ready" && break
  kill -0 "$server" 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
  sleep 0.5
done

protocol=$(curl -skv --tls-max 1.3 -o /dev/null "https://localhost:$port/review/small" 2>&1 | grep -o 'TLSv1\.[0-9] / [A-Z0-9_]*' | head -1)

# round PATH POD SECONDS: requests per second
round() {
  wrk -t1 -c16 -d"$3s" -s "$work/$2.lua" "https://localhost:$port/$1" >"$work/wrk.log"
  if grep -q -e 'Non-2xx' -e 'Socket errors' "$work/wrk.log"; then
    cat "$work/wrk.log" >&2
    return 1
  fi
  awk '/^Requests\/sec/ { print $2 }' "$work/wrk.log"
}

echo "$("$java" -version 2>&1 | head -1), ${protocol:-protocol unknown}, best of $rounds rounds of $seconds s"
printf '%-10s %12s %12s %7s\n' pod echo/s reviews/s ratio
for pod in small large hardened; do
  curl -fsk -o "$work/$pod.json" "https://localhost:$port/review/$pod"
  cat >"$work/$pod.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = io.open("$work/$pod.json", "rb"):read("*a")
LUA
  # not counted: the compiler is still at work
  round echo "$pod" "$warm_up" >/dev/null
  round mutate "$pod" "$warm_up" >/dev/null
  for _ in $(seq "$rounds"); do
    round echo "$pod" "$seconds" >>"$work/$pod.echo"
    round mutate "$pod" "$seconds" >>"$work/$pod.mutate"
  done
  echo_best=$(sort -n "$work/$pod.echo" | tail -1)
  mutate_best=$(sort -n "$work/$pod.mutate" | tail -1)
  awk -v pod="$pod" -v e="$echo_best" -v m="$mutate_best" \
    'BEGIN { printf "%-10s %12.0f %12.0f %7.2f\n", pod, e, m, m / e }'
done
