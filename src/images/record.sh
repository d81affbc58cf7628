#!/usr/bin/env bash
# record.sh   writes classes.txt anew: what server and command line load, for the class cache of the image
#
#   ./mvnw -q -Pimages package && KUBECONFIG=$(src/test/cluster/up.sh) src/images/record.sh
#
# A list that is recorded at each build would differ from build to build by what happens to run, and so
# would the image. It need not be exact: a class that is not in it is loaded as ever, one that is gone is
# left out. Record it with the JDK of the image when libraries change.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=target/images/root
port=18545 management=19545

[ -f "$root/app/holdfast.options" ] || { echo "./mvnw -q -Pimages package comes first" >&2; exit 2; }
[ -n "${KUBECONFIG:-}" ] || { echo "KUBECONFIG must name a cluster, as informers shall be recorded too" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# not the flags: a cache has no use for the list of what came out of a cache
sed -e '/^-XX:Flags/d' -e "s|/app/|$PWD/$root/app/|g" "$root/app/holdfast.options" >"$work/options"

run() { # NAME ARGUMENT...
  local name=$1
  shift
  "${JAVA_HOME:+$JAVA_HOME/bin/}java" "-XX:DumpLoadedClassList=$work/$name.list" "@$work/options" "$@"
}

cat >"$work/pod.yaml" <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default}
spec:
  containers:
    - {name: web, image: web, ports: [{containerPort: 80}], livenessProbe: {httpGet: {path: /, port: 80}}}
YAML
run harden harden -f "$work/pod.yaml" >"$work/hardened.yaml"
run diff harden -f "$work/pod.yaml" -o diff >/dev/null
run audit audit -f "$work/pod.yaml" >/dev/null || true

QUARKUS_HTTP_SSL_PORT=$port QUARKUS_MANAGEMENT_PORT=$management run serve serve --role=all >"$work/log" 2>&1 &
server=$!
for _ in $(seq 240); do
  curl -fs -o /dev/null "http://localhost:$management/q/health/ready" && break
  kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.5
done
review() {
  printf '{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "1",
    "kind": {"group": "", "version": "v1", "kind": "Pod"}, "operation": "CREATE", "namespace": "default",
    "resource": {"group": "", "version": "v1", "resource": "pods"},
    "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
               "spec": {"containers": [{"name": "web", "image": "web", "ports": [{"containerPort": 80}]}]}}}}'
}
review | curl -fsk -o /dev/null -H 'Content-Type: application/json' --data-binary @- "https://localhost:$port/mutate"
curl -fs -o /dev/null "http://localhost:$management/q/metrics"
kill "$server"
wait "$server" || true

# of plain classes only: what the JVM spins (lambdas, proxies) has no stable name
# shellcheck disable=SC2016 # these dollars are part of the names
cat "$work"/*.list | grep -v -e '^[@#]' -e 'source:' | sed 's/ .*//' |
  grep -v -e '\$\$' -e '/\$Proxy' -e 'LambdaForm\$' -e '^jdk/proxy' -e '0x' | LC_ALL=C sort -u >src/images/classes.txt
wc -l src/images/classes.txt
