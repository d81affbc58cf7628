#!/usr/bin/env bash
# What a large cluster costs the webhook, and what the webhook costs the creation of a pod. On a real API server:
# 500 namespaces, 2,000 Deployments of five replicas with a Service each, 10,000 pods.
#
#   ./mvnw -q -Pbenchmarks package && KUBECONFIG=$(src/test/cluster/up.sh) src/jmh/cluster.sh [NAMESPACES [SECONDS]]
#
# For a cluster of its own, on this machine, that is thrown away afterwards (src/test/cluster/down.sh). Needs kubectl of
# src/test/cluster, curl, jq, openssl and wrk. The server runs with the JVM of JAVA_HOME, else of the PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."

namespaces=${1:-500}
seconds=${2:-10}
rounds=3
port=18443
management=19000
jar=target/benchmarks/quarkus-app/quarkus-run.jar
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

for tool in curl jq openssl wrk; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2; exit 2; }
done
[ -f "$jar" ] || { echo "$jar is missing: ./mvnw -q -Pbenchmarks package" >&2; exit 2; }
[ -f "${KUBECONFIG:-}" ] || { echo "KUBECONFIG must name a cluster: src/test/cluster/up.sh brings one up" >&2; exit 2; }
kubectl() { src/test/cluster/kubectl.sh "$@"; }

work=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT

objects() { # FIRST LAST: namespaces FIRST to LAST, and four workloads with a Service in each
  local i w
  for ((i = $1; i <= $2; i++)); do
    echo "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"bench-$i\",\"labels\":{\"team\":\"t$((i % 20))\"}}}"
    for w in a b c d; do
      cat <<JSON
{"apiVersion":"v1","kind":"Service","metadata":{"name":"$w","namespace":"bench-$i"},"spec":{"selector":{"app":"$w"},"ports":[{"port":80,"targetPort":8080}]}}
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"$w","namespace":"bench-$i"},"spec":{"replicas":5,"selector":{"matchLabels":{"app":"$w"}},"template":{"metadata":{"labels":{"app":"$w"}},"spec":{"containers":[{"name":"app","image":"registry.example.com/app:1","ports":[{"containerPort":8080}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}}}
JSON
    done
  done
}

pods() { kubectl get --raw '/api/v1/pods?limit=1' | jq '(.items | length) + (.metadata.remainingItemCount // 0)'; }

fill() {
  local since=$SECONDS wanted=$((namespaces * 20))
  if [ "$(pods)" -lt "$wanted" ]; then
    echo "filling the cluster" >&2
    objects 1 $((namespaces / 2)) | kubectl create -f - >/dev/null &
    objects $((namespaces / 2 + 1)) "$namespaces" | kubectl create -f - >/dev/null
    wait $!
    until [ "$(pods)" -ge "$wanted" ]; do
      [ $((SECONDS - since)) -lt 900 ] || { echo "only $(pods) pods" >&2; exit 1; }
      sleep 1
    done
    echo "filled after $((SECONDS - since)) s" >&2
  fi
}

# serve LOG ARGUMENT...: starts the server, and waits until it is ready
serve() {
  local log=$1
  shift
  QUARKUS_HTTP_SSL_PORT=$port QUARKUS_MANAGEMENT_PORT=$management QUARKUS_SHUTDOWN_DELAY=0S \
    QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_0_CERT=$work/tls.crt QUARKUS_TLS_WEBHOOK_KEY_STORE_PEM_0_KEY=$work/tls.key \
    MALLOC_ARENA_MAX=2 "$java" -XX:Flags=src/images/jvm.flags -jar "$jar" serve "$@" >"$log" 2>&1 &
  server=$!
  for _ in $(seq 120); do
    ! curl -fs -o /dev/null "http://localhost:$management/q/health/ready" || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.5
  done
  cat "$log" >&2
  exit 1
}

end() {
  kill "$server"
  wait "$server" || true
  server=
}

# latency ARGUMENT... of wrk: the 50th and 99th percentile in microseconds
latency() {
  wrk -t1 -d"${seconds}s" --latency "$@" >"$work/wrk.log"
  if grep -q -e 'Non-2xx' -e 'Socket errors' "$work/wrk.log"; then
    cat "$work/wrk.log" >&2
    exit 1
  fi
  awk '$1 == "50%" || $1 == "99%" {
    n = $2; sub(/[a-z]+$/, "", n)
    printf "%d ", n * ($2 ~ /us$/ ? 1 : $2 ~ /ms$/ ? 1000 : 1000000) }' "$work/wrk.log"
}

script() { # FILE BODY-FILE HEADER-LINE...: what wrk sends
  local file=$1 body=$2 header
  shift 2
  echo "wrk.method = 'POST'; wrk.body = io.open('$body', 'rb'):read('*a')" >"$file"
  echo "wrk.headers['Content-Type'] = 'application/json'" >>"$file"
  for header in "$@"; do echo "$header" >>"$file"; done
}

reviews() { latency -c4 -s "$work/review.lua" "https://localhost:$port/mutate"; }

least() { sort -n | head -1; }

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=holdfast \
  -addext subjectAltName=IP:127.0.0.1 -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
kubectl apply -f deploy/crd/hardeningpolicies.holdfast.dev.yaml >/dev/null
kubectl wait --for=condition=Established crd/hardeningpolicies.holdfast.dev >/dev/null
kubectl apply -f deploy/default/policy.yaml >/dev/null
kubectl delete mutatingwebhookconfiguration holdfast --ignore-not-found >/dev/null
fill

echo "$("$java" -version 2>&1 | head -1), the flags of the image, best of $rounds rounds of $seconds s"
declare -A p99
for round in $(seq "$rounds"); do
  for where in with without; do
    if [ $where = with ]; then serve "$work/log" --role webhook; else KUBECONFIG='' serve "$work/log"; fi
    curl -fsk -o "$work/small.json" "https://localhost:$port/review/small"
    script "$work/review.lua" "$work/small.json"
    latency -c16 -s "$work/review.lua" "https://localhost:$port/mutate" >/dev/null # warm-up, and a load
    reviews | cut -d' ' -f2 >>"$work/p99.$where"
    awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$server/status" >>"$work/rss.$where"
    [ $where = without ] || [ "$round" != 1 ] || grep -o 'the cluster is known.*' "$work/log"
    end
  done
done
for where in with without; do
  p99[$where]=$(least <"$work/p99.$where")
  echo "$where a cluster: RSS $(sort -n "$work/rss.$where" | tail -1) MB after the load, p99 of a review ${p99[$where]} us"
done
awk -v a="${p99[with]}" -v b="${p99[without]}" 'BEGIN { printf "p99 with / without: %.2f\n", a / b }'

# one creation after the other, as a dry run: what is added does not depend on whether the pod is kept
serve "$work/log" --role webhook
url=$(kubectl config view --raw -o 'jsonpath={.clusters[0].cluster.server}')
kubectl create serviceaccount bench >/dev/null 2>&1 || true
kubectl create clusterrolebinding bench --clusterrole=cluster-admin --serviceaccount=default:bench >/dev/null 2>&1 || true
token=$(kubectl create token bench)
sed -e "s|URL|https://127.0.0.1:$port|" -e "s|caBundle: CA|caBundle: $(base64 -w0 "$work/tls.crt")|" deploy/webhooks.yaml |
  sed '/^---$/,$d' | kubectl apply -f - >/dev/null
cat >"$work/pod.json" <<'JSON'
{"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"bench-","labels":{"app":"a"}},"spec":{"containers":[{"name":"app","image":"registry.example.com/app:1","ports":[{"containerPort":8080}],"livenessProbe":{"httpGet":{"path":"/healthz","port":8080}},"resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}
JSON
script "$work/create.lua" "$work/pod.json" "wrk.headers['Authorization'] = 'Bearer $token'"
creations() { latency -c1 -s "$work/create.lua" "$url/api/v1/namespaces/$1/pods?dryRun=All" | cut -d' ' -f1; }
pause() {
  curl -sk -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data @"$work/pod.json" \
    "$url/api/v1/namespaces/bench-1/pods?dryRun=All" | jq '.spec.containers[0].lifecycle.preStop.sleep.seconds // 0'
}
for _ in $(seq 60); do
  [ "$(pause)" != 10 ] || break
  sleep 0.5
done
[ "$(pause)" = 10 ] || { echo "the webhook is not called" >&2; exit 1; }
creations bench-1 >/dev/null # warm-up
for _ in $(seq "$rounds"); do
  creations bench-1 >>"$work/create.with"
  kubectl patch mutatingwebhookconfiguration holdfast --type json \
    -p '[{"op":"add","path":"/webhooks/0/namespaceSelector/matchExpressions/0/values/-","value":"bench-1"}]' >/dev/null
  until [ "$(pause)" = 0 ]; do sleep 0.2; done
  creations bench-1 >>"$work/create.without"
  kubectl patch mutatingwebhookconfiguration holdfast --type json \
    -p '[{"op":"remove","path":"/webhooks/0/namespaceSelector/matchExpressions/0/values/4"}]' >/dev/null
  until [ "$(pause)" = 10 ]; do sleep 0.2; done
done
kubectl delete mutatingwebhookconfiguration holdfast >/dev/null
awk -v a="$(least <"$work/create.with")" -v b="$(least <"$work/create.without")" \
  'BEGIN { printf "creating a pod, median: %.2f ms with Holdfast, %.2f ms without: %.2f ms more\n", a / 1000, b / 1000, (a - b) / 1000 }'
