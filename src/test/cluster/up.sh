#!/usr/bin/env bash
# up.sh [--keep] [--audit] [-- API-SERVER-FLAG...]
#
# Brings up etcd, kube-apiserver, kube-controller-manager and kube-scheduler on 127.0.0.1: a fresh
# cluster, in about 10 s. One that runs is left as it is; of one that runs in part, the rest is
# stopped first. Missing binaries are built. The last line, alone on standard output, is the path of
# the kubeconfig.
#
#   --keep    keep the objects of the last run
#   --audit   write log/audit.log, with what each webhook patched as annotations
#   --        what follows are flags of kube-apiserver
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

keep=false audit=false with_node=false api_server_flags=()
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=true ;;
    --audit) audit=true ;;
    --with-node) with_node=true ;; # for node-up.sh, which has made the namespace
    --)
      shift
      api_server_flags=("$@")
      break
      ;;
    *) die "up.sh [--keep] [--audit] [-- API-SERVER-FLAG...]" ;;
  esac
  shift
done

is_up() {
  local name
  for name in "${CONTROL_PLANE[@]}"; do alive "$name" || return 1; done
}

# Another process on one of these would answer the health checks in place of ours.
ports_are_free() {
  local port
  for port in "$API_PORT" "$ETCD_PORT" "$ETCD_PEER_PORT" "$CONTROLLER_MANAGER_PORT" "$SCHEDULER_PORT"; do
    ! inside bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" 2>/dev/null ||
      die "port $port is taken: set CLUSTER_PORT_BASE"
  done
}

start_etcd() {
  local peer=http://127.0.0.1:$ETCD_PEER_PORT client=http://127.0.0.1:$ETCD_PORT
  $keep || rm -rf "$DATA/etcd"
  start etcd "--data-dir=$DATA/etcd" --unsafe-no-fsync --log-level=warn \
    "--listen-client-urls=$client" "--advertise-client-urls=$client" \
    "--listen-peer-urls=$peer" "--initial-advertise-peer-urls=$peer" "--initial-cluster=default=$peer"
  wait_for etcd 60 healthy "$client/health"
}

start_api_server() {
  local flags=()
  if $with_node; then
    # The namespace is closed; pods reach the API as kubernetes.default. Aggregator routing lets the
    # API server call a webhook's pod itself, as kube-proxy's rules are not for it to depend on.
    flags+=(--bind-address=0.0.0.0 "--advertise-address=$NODE_ADDRESS" --enable-aggregator-routing=true)
  else
    # A loopback address is refused in Endpoints: nothing publishes it.
    flags+=(--bind-address=127.0.0.1 --advertise-address=127.0.0.1 --endpoint-reconciler-type=none)
  fi
  ! $audit || flags+=("--audit-policy-file=$HERE/config/audit-policy.yaml" "--audit-log-path=$LOG/audit.log")
  # Without a grace period for watches, it waits for them for a minute when it is told to stop.
  start kube-apiserver --shutdown-watch-termination-grace-period=2s \
    "--etcd-servers=http://127.0.0.1:$ETCD_PORT" "--secure-port=$API_PORT" \
    "--tls-cert-file=$PKI/apiserver.crt" "--tls-private-key-file=$PKI/apiserver.key" \
    "--client-ca-file=$PKI/ca.crt" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    "--service-account-key-file=$PKI/service-account.pub" \
    "--service-account-signing-key-file=$PKI/service-account.key" \
    --service-cluster-ip-range=10.96.0.0/16 --allow-privileged=true --profiling=false \
    "--kubelet-client-certificate=$PKI/apiserver-kubelet-client.crt" \
    "--kubelet-client-key=$PKI/apiserver-kubelet-client.key" "--kubelet-certificate-authority=$PKI/ca.crt" \
    --kubelet-preferred-address-types=InternalIP,Hostname \
    "--requestheader-client-ca-file=$PKI/front-proxy-ca.crt" \
    --requestheader-allowed-names=front-proxy-client --requestheader-username-headers=X-Remote-User \
    --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- \
    "--proxy-client-cert-file=$PKI/front-proxy-client.crt" \
    "--proxy-client-key-file=$PKI/front-proxy-client.key" \
    "${flags[@]}" "${api_server_flags[@]}"
  wait_for kube-apiserver 180 kubectl get --raw=/readyz
}

start_component() { # NAME PORT FLAG...
  local name=$1 port=$2 user=${1#kube-}
  local kubeconfig=$ETC/$user.kubeconfig
  shift 2
  # 200 requests a second: a test should not wait for the default of 20
  start "$name" "--kubeconfig=$kubeconfig" "--authentication-kubeconfig=$kubeconfig" \
    "--authorization-kubeconfig=$kubeconfig" --bind-address=127.0.0.1 "--secure-port=$port" \
    "--tls-cert-file=$PKI/$user.crt" "--tls-private-key-file=$PKI/$user.key" \
    --leader-elect=false --profiling=false --kube-api-qps=200 --kube-api-burst=400 "$@"
}

start_controllers() {
  # No one renews the heartbeat of a fake node: the node-lifecycle controller would taint it.
  local controllers='*,-node-lifecycle-controller'
  ! $with_node || controllers='*'
  start_component kube-controller-manager "$CONTROLLER_MANAGER_PORT" "--controllers=$controllers" \
    --use-service-account-credentials=true "--service-account-private-key-file=$PKI/service-account.key" \
    "--root-ca-file=$PKI/ca.crt" "--cluster-signing-cert-file=$PKI/ca.crt" \
    "--cluster-signing-key-file=$PKI/ca.key" "--flex-volume-plugin-dir=$DATA/flex"
  start_component kube-scheduler "$SCHEDULER_PORT"
  wait_for kube-controller-manager 60 healthy "https://127.0.0.1:$CONTROLLER_MANAGER_PORT/healthz"
  wait_for kube-scheduler 60 healthy "https://127.0.0.1:$SCHEDULER_PORT/healthz"
  # pods are refused before it exists
  wait_for kube-controller-manager 60 kubectl --namespace default get serviceaccount default
}

for tool in curl flock openssl; do command -v $tool >/dev/null || die "$tool is not installed"; done
$with_node || ! has_node || is_up || die "what is left of a node is in the way: run down.sh"
if is_up; then
  say "the cluster is up already"
else
  began=$SECONDS
  "$HERE/build.sh"
  stop "${CONTROL_PLANE[@]}"
  ports_are_free
  mkdir -p "$RUN" "$LOG" "$DATA"
  rm -f "$LOG"/*.log
  "$HERE/pki.sh"
  start_etcd
  start_api_server
  start_controllers
  say "the cluster is up after $((SECONDS - began)) s"
fi
echo "$ADMIN"
