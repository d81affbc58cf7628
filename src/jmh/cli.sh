#!/usr/bin/env bash
# How long `harden` takes as a process: one file, and a thousand files in one call.
#
#   ./mvnw -q -DskipTests package && src/jmh/cli.sh [RUNS]
#
# Runs with the JVM of JAVA_HOME, else of the PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."

runs=${1:-7}
jar=target/quarkus-app/quarkus-run.jar
[ -f "$jar" ] || { echo "$jar is missing: ./mvnw -q -DskipTests package" >&2; exit 2; }
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/thousand"
for i in $(seq -w 1000); do
  cat >"$work/thousand/web-$i.yaml" <<YAML
# web frontend $i
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-$i
  namespace: shop
spec:
  replicas: 3
  selector:
    matchLabels: {app.kubernetes.io/name: web-$i}
  template:
    metadata:
      labels: {app.kubernetes.io/name: web-$i}
    spec:
      containers:
        - name: web
          image: registry.example/shop/web:2.14.0
          ports:
            - {name: http, containerPort: 8080}
          livenessProbe:
            httpGet: {path: /livez, port: http}
          env:
            - {name: BACKEND, value: "https://backend.shop:8443"} # in the same namespace
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits: {memory: 128Mi}
YAML
done

# seconds ARGUMENT...: the median of the runs
seconds() {
  local from to
  for _ in $(seq "$runs"); do
    from=$(date +%s%N)
    timeout 120 "$java" -jar "$jar" harden "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; return 1; }
    [ -s "$work/out" ] || { echo "harden $* printed nothing" >&2; return 1; }
    to=$(date +%s%N)
    echo $((to - from))
  done | sort -n | awk '{ t[NR] = $1 } END { printf "%.2f", t[int((NR + 1) / 2)] / 1e9 }'
}

echo "$("$java" -version 2>&1 | head -1), median of $runs runs"
one=$(seconds -f "$work/thousand/web-0001.yaml")
thousand=$(seconds -f "$work/thousand")
echo "one file:       $one s"
echo "1,000 files:    $thousand s"
awk -v one="$one" -v all="$thousand" 'BEGIN { printf "999 files more:  %.2f s\n", all - one }'
