#!/usr/bin/env bash
# check.sh [node]   proves what README.md says, one line a check; ends with 1 if one failed
#
# Without "node" with clusters of its own (CLUSTER_PORT_BASE + 20 and + 30), so that yours may run.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-} in '' | node) ;; *) die "check.sh [node]" ;; esac
kind=${1:-}
cd "$HERE"
own=$API_PORT
CLUSTER_PORT_BASE=$((own + 20))
. ./lib.sh # for the cluster under check
work=$(mktemp -d)

clean() {
  ./down.sh --purge >/dev/null 2>&1 || true
  CLUSTER_PORT_BASE=$((own + 30)) ./down.sh --purge >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean EXIT
clean
mkdir "$work"

passed=0 failed=0
check() { # TEXT COMMAND...: what it wrote is shown if it failed
  local text=$1 since=$SECONDS status
  shift
  set +e # not "if (...)", which would make bash ignore the inner set -e
  (
    set -e
    "$@"
  ) >"$work/output" 2>&1
  status=$?
  set -e
  if [ $status = 0 ]; then
    passed=$((passed + 1))
    echo "ok    $text ($((SECONDS - since)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL  $text ($((SECONDS - since)) s)"
    tail -n 20 "$work/output" | sed 's/^/      /'
  fi
}

within() { # SECONDS COMMAND...: until it succeeds
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}

fails() { # COMMAND...: "! COMMAND" would not end a function that goes on
  ! "$@"
}

equal() { # EXPECTED ACTUAL
  [ "$1" = "$2" ] || {
    echo "expected '$1', got '$2'"
    return 1
  }
}

namespace() { # NAME: pods are refused before it has its ServiceAccount
  kubectl create namespace "$1"
  within 20 kubectl -n "$1" get serviceaccount default
}

budget() { # NAMESPACE ALLOWED/HEALTHY
  equal "$2" "$(kubectl -n "$1" get pdb web -o 'jsonpath={.status.disruptionsAllowed}/{.status.currentHealthy}')"
}

evict() { # NAMESPACE: one that does not go already, as evicting such a one always succeeds
  local pod
  pod=$(kubectl -n "$1" get pods -l app=web -o 'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}' | head -n 1)
  kubectl create --raw "/api/v1/namespaces/$1/pods/$pod/eviction" -f - <<JSON
{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "$pod", "namespace": "$1"}}
JSON
}

refuses_eviction() { # NAMESPACE
  fails evict "$1" >"$work/eviction" 2>&1
  cat "$work/eviction"
  grep -q 'TooManyRequests.*disruption budget' "$work/eviction"
}

nothing_runs() {
  fails grep -lsaF "$STATE/" /proc/[0-9]*/cmdline
}

builds_nothing() {
  ./build.sh "$kind" 2>"$work/build"
  equal "" "$(cat "$work/build")"
}

starts() { # SCRIPT ARGUMENT...: prints the kubeconfig, alone
  equal "$ADMIN" "$("$@")"
}

leaves_it_alone() { # SCRIPT
  local before
  before=$(pid kube-apiserver)
  starts "$1"
  equal "$before" "$(pid kube-apiserver)"
}

has_the_version() {
  equal "$KUBERNETES" "$(kubectl version -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["serverVersion"]["gitVersion"])')"
}

rolls_out_on_fake_nodes() {
  local loop
  ./fake-node.sh one
  ./fake-node.sh old v1.29.6
  equal "$KUBERNETES v1.29.6" "$(kubectl get node one old -o 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}')"
  namespace fake
  kubectl -n fake create deployment web --image=example.invalid/web:1 --replicas=3
  ./pods-ready.sh fake --loop &
  loop=$!
  kubectl -n fake rollout status deployment/web --timeout=30s
  kill $loop
}

budget_refuses() {
  kubectl -n fake create pdb web --selector=app=web --min-available=3
  within 20 budget fake 0/3
  refuses_eviction fake
}

budget_allows() {
  kubectl -n fake patch pdb web --type=merge -p '{"spec": {"minAvailable": 2}}'
  within 20 budget fake 1/3
  evict fake
  within 20 budget fake 0/2
  ./pods-ready.sh fake
  within 20 budget fake 1/3
}

restarts() {
  local before
  before=$(pid kube-apiserver)
  ./restart.sh
  [ "$(pid kube-apiserver)" != "$before" ]
  kubectl -n fake get deployment web
}

records() {
  namespace audited
  within 10 grep -q '"resource":"namespaces".*"name":"audited"' "$LOG/audit.log"
}

runs_beside() {
  local other
  other=$(CLUSTER_PORT_BASE=$((own + 30)) ./up.sh)
  [ "$other" != "$ADMIN" ]
  fails env CLUSTER_PORT_BASE=$((own + 30)) ./kubectl.sh get namespace fake
  kubectl get namespace fake
  CLUSTER_PORT_BASE=$((own + 30)) ./down.sh --purge
}

keeps() {
  ./down.sh
  starts ./up.sh --keep
  kubectl get namespace fake
}

starts_fresh() {
  ./down.sh
  starts ./up.sh
  fails kubectl get namespace fake
}

refuses_a_taken_port() {
  ./down.sh
  python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)' "$ETCD_PORT" &
  local holder=$! status=0
  within 10 bash -c "exec 3<>/dev/tcp/127.0.0.1/$ETCD_PORT"
  ./up.sh || status=$?
  kill $holder
  equal 1 $status
}

purges() {
  ./down.sh --purge
  nothing_runs
  [ ! -e "$STATE" ]
}

check "build.sh $kind" ./build.sh "$kind"
check "build.sh $kind again builds nothing" builds_nothing

if [ -z "$kind" ]; then
  check "up.sh prints the kubeconfig" starts ./up.sh --audit
  check "up.sh again leaves the cluster alone" leaves_it_alone ./up.sh
  check "the version is that of go.mod" has_the_version
  check "--audit records" records
  check "fake nodes: a rollout completes" rolls_out_on_fake_nodes
  check "fake nodes: a budget refuses an eviction" budget_refuses
  check "fake nodes: a budget allows an eviction, and counts it" budget_allows
  check "restart.sh keeps everything" restarts
  check "another cluster runs beside it" runs_beside
  check "up.sh --keep keeps the objects" keeps
  check "up.sh starts afresh" starts_fresh
  check "a port that is taken is refused" refuses_a_taken_port
  check "down.sh --purge leaves nothing" purges
  echo "$passed passed, $failed failed"
  [ $failed = 0 ]
  exit
fi

# --- a real node

busybox='image: "test.local/busybox:1", imagePullPolicy: Never'

pods_become_ready() {
  within 20 kubectl get serviceaccount default
  kubectl apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, $busybox, readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1},
           command: [sh, -c, 'mkdir /tmp/w; echo hello >/tmp/w/index.html; exec httpd -f -p 8080 -h /tmp/w']}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec: {containers: [{name: client, $busybox, command: [sleep, "3600"]}]}
YAML
  kubectl rollout status deployment/web --timeout=60s
  kubectl wait --for=condition=Ready pod/client --timeout=60s
}

answers() { # HOST
  equal hello "$(kubectl exec client -- get "http://$1/")"
}

answers_at_its_address() {
  answers "$(kubectl get service web -o 'jsonpath={.spec.clusterIP}')"
}

answers_inside() {
  equal hello "$(./inside.sh curl --noproxy '*' -s "http://$(kubectl get service web -o 'jsonpath={.spec.clusterIP}')/")"
}

is_closed() {
  fails curl --noproxy '*' -ks --max-time 2 "https://127.0.0.1:$API_PORT/readyz"
  fails ./inside.sh ip route get 192.0.2.1
}

node_refuses_eviction() {
  kubectl create pdb web --selector=app=web --min-available=2
  within 20 budget default 0/2
  refuses_eviction default
  kubectl delete pdb web
}

waits_for_the_pause() {
  local since
  kubectl apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: sleeper}
spec:
  containers:
    - {name: main, $busybox, lifecycle: {preStop: {sleep: {seconds: 6}}},
       command: [sh, -c, 'trap "exit 0" TERM; while :; do sleep 0.2; done']}
YAML
  kubectl wait --for=condition=Ready pod/sleeper --timeout=30s
  since=$SECONDS
  kubectl delete pod sleeper
  echo "took $((SECONDS - since)) s"
  [ $((SECONDS - since)) -ge 6 ] && [ $((SECONDS - since)) -lt 12 ]
}

runs_from_an_image_volume() { # the container's own image has no shell
  kubectl apply -f - <<YAML
apiVersion: v1
kind: Pod
metadata: {name: volume}
spec:
  restartPolicy: Never
  volumes: [{name: tools, image: {reference: "test.local/busybox:1", pullPolicy: Never}}]
  containers:
    - {name: main, image: "test.local/pause:1", imagePullPolicy: Never, volumeMounts: [{name: tools, mountPath: /tools}],
       command: [/tools/bin/busybox, echo, from the volume]}
YAML
  kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/volume --timeout=30s
  equal "from the volume" "$(kubectl logs volume)"
}

imports_a_docker_archive() { # what "docker save" writes: manifest.json and layers
  mkdir "$work/docker"
  tar -C "$work/docker" -xf "$IMAGES/busybox.tar"
  python3 - "$work/docker" <<'PYTHON'
import json, os, sys
os.chdir(sys.argv[1])
blob = lambda descriptor: "blobs/sha256/" + descriptor["digest"].split(":")[1]
manifest = json.load(open(blob(json.load(open("index.json"))["manifests"][0])))
docker = {"Config": blob(manifest["config"]), "RepoTags": ["test.local/docker:1"], "Layers": [blob(l) for l in manifest["layers"]]}
json.dump([docker], open("manifest.json", "w"))
PYTHON
  tar -C "$work/docker" -cf "$work/docker.tar" manifest.json blobs
  ./image-import.sh "$work/docker.tar"
  kubectl run docker --image=test.local/docker:1 --image-pull-policy=Never --restart=Never --command -- echo imported
  kubectl wait --for=jsonpath='{.status.phase}'=Succeeded pod/docker --timeout=30s
  equal imported "$(kubectl logs docker)"
}

restarts_the_kubelet() {
  local before
  before=$(pid kubelet)
  ./restart.sh kubelet
  [ "$(pid kubelet)" != "$before" ]
  kubectl rollout status deployment/web --timeout=30s
}

kernel_settings() { sysctl vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops; }
before=$(kernel_settings)

leaves_nothing() {
  nothing_runs
  [ ! -e "/run/netns/$NAMESPACE" ]
  fails grep -F "$STATE/" /proc/self/mountinfo
  equal "" "$(find /sys/fs/cgroup -maxdepth 2 -name kubepods)"
  equal "$before" "$(kernel_settings)"
}

check "node-up.sh prints the kubeconfig" starts ./node-up.sh
check "node-up.sh again leaves the node alone" leaves_it_alone ./node-up.sh
check "pods become ready" pods_become_ready
check "a Service answers at its address" answers_at_its_address
check "a Service answers by its name" answers web.default
check "a Service answers inside.sh" answers_inside
check "no way into the network, and none out" is_closed
check "a budget refuses an eviction" node_refuses_eviction
check "a preStop pause of 6 s is waited for" waits_for_the_pause
check "a binary of an image volume runs in another image" runs_from_an_image_volume
check "image-import.sh takes what docker save writes" imports_a_docker_archive
check "restart.sh kubelet" restarts_the_kubelet
check "down.sh" ./down.sh
check "nothing is left: processes, network, mounts, cgroups, kernel settings" leaves_nothing
echo "$passed passed, $failed failed"
[ $failed = 0 ]
