#!/usr/bin/env bash
# node-up.sh [--audit] [-- API-SERVER-FLAG...]
#
# Brings up the control plane and one real node: containerd, kubelet, kube-proxy and CoreDNS, all in a
# network namespace that has only loopback and the bridge of the pods. No route leads out of it or
# into it: use kubectl.sh and inside.sh. One node a machine, and root. What runs is left as it is;
# flags as of up.sh. The last line, alone on standard output, is the path of the kubeconfig.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
CNI=${CNI_PLUGINS:-/usr/lib/cni}

# The kubelet changes these for the whole machine; node-down.sh puts them back.
remember_kernel_settings() {
  [ -e "$RUN/sysctl" ] || sysctl vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops \
    kernel.keys.root_maxkeys kernel.keys.root_maxbytes | sed 's/ = /=/' >"$RUN/sysctl"
}

make_network() {
  [ ! -e "/run/netns/$NAMESPACE" ] || return 0
  ip netns add "$NAMESPACE"
  inside ip link set lo up
  inside ip link add cni0 type bridge
  inside ip addr add "$NODE_ADDRESS/24" dev cni0
  inside ip link set cni0 up
  inside ip route add 10.96.0.0/16 dev cni0 # lets packets to Services reach the rules of kube-proxy
  inside sysctl -qw net.ipv4.ip_forward=1
}

configure_containerd() {
  mkdir -p "$ETC/cni" "$RUN/containerd"
  cat >"$ETC/cni/10-bridge.conflist" <<JSON
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$DATA/cni", "routes": [{"dst": "0.0.0.0/0"}],
            "ranges": [[{"subnet": "10.244.0.0/24", "rangeStart": "10.244.0.10"}]]}}]}
JSON
  cat >"$ETC/containerd.toml" <<TOML
version = 3
root = "$DATA/containerd"
state = "$RUN/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.erofs", "io.containerd.nri.v1.nri",
  "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "$CONTAINERD_SOCKET"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "test.local/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  # without CAP_SYS_RESOURCE, as in a container that is a build machine, it cannot be lowered
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "runc"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "$RUNC"
  SystemdCgroup = false
  Root = "$RUN/runc"
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["$CNI"]
  conf_dir = "$ETC/cni"
TOML
}

configure_kubelet() {
  cat >"$ETC/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_ADDRESS
healthzBindAddress: 127.0.0.1
tlsCertFile: $PKI/kubelet-server.crt
tlsPrivateKeyFile: $PKI/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
failCgroupV1: false # many build machines have it still
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix://$CONTAINERD_SOCKET
failSwapOn: false
makeIPTablesUtilChains: false
resolvConf: ""
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
oomScoreAdj: 0
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
podLogsDir: $DATA/pod-logs
volumePluginDir: $DATA/flex
YAML
}

configure_kube_proxy() {
  cat >"$ETC/kube-proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
bindAddress: 127.0.0.1
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
hostnameOverride: $NODE
clientConnection: {kubeconfig: $ADMIN}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
oomScoreAdj: 0
YAML
}

# A process beside the pods, behind the Service that every cluster has.
configure_dns() {
  cat >"$ETC/Corefile" <<COREFILE
cluster.local:53 in-addr.arpa:53 {
  bind $NODE_ADDRESS
  errors
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $ADMIN
    pods insecure
  }
}
.:53 {
  bind $NODE_ADDRESS
  template ANY ANY . { # there is nothing outside; after SERVFAIL, the answer otherwise, clients try again
    rcode NXDOMAIN
  }
}
COREFILE
  kubectl apply -f - >&2 <<YAML
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: # without a selector, as what answers is not a pod
  clusterIP: 10.96.0.10
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kube-dns-node, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
addressType: IPv4
endpoints: [{addresses: [$NODE_ADDRESS]}]
ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
YAML
}

start_node() {
  configure_containerd
  start containerd --config "$ETC/containerd.toml"
  wait_for containerd 30 ctr version
  "$HERE/image-import.sh" "$IMAGES"/{pause,busybox}.tar
  configure_kubelet
  start kubelet "--config=$ETC/kubelet.yaml" "--kubeconfig=$ETC/kubelet.kubeconfig" "--root-dir=$DATA/kubelet" \
    "--cert-dir=$DATA/kubelet/pki" "--hostname-override=$NODE" "--node-ip=$NODE_ADDRESS" --v=2
  wait_for kubelet 60 kubectl wait --for=condition=Ready "node/$NODE" --timeout=1s
  configure_kube_proxy
  start kube-proxy "--config=$ETC/kube-proxy.yaml"
  wait_for kube-proxy 30 healthy http://127.0.0.1:10256/healthz
  configure_dns
  start coredns -conf "$ETC/Corefile"
  wait_for coredns 30 inside bash -c "exec 3<>/dev/tcp/$NODE_ADDRESS/53"
}

is_up() {
  local name
  for name in "${NODE_PROGRAMS[@]}" "${CONTROL_PLANE[@]}"; do alive "$name" || return 1; done
}

[ "$(id -u)" = 0 ] || die "a node needs root"
if has_node && is_up; then
  say "the node is up already"
  echo "$ADMIN"
  exit
fi
# kubelets share one cgroup, and each kills what it does not know
has_node || [ ! -e "/run/netns/$NAMESPACE" ] ||
  die "the network namespace $NAMESPACE exists: another node runs here, or left it behind (ip netns del $NAMESPACE)"
has_node || ! alive kube-apiserver || die "the same cluster runs without a node: run down.sh"

began=$SECONDS
"$HERE/build.sh" node
RUNC=${RUNC:-$(command -v runc)}
[ -x "$CNI/bridge" ] || die "no CNI plugins in $CNI"
# of a crash, or of a restart of the machine: a kubelet does not register again with a fresh API server
! has_node || "$HERE/node-down.sh"
mkdir -p "$RUN" "$LOG" "$DATA/kubelet" "$DATA/pod-logs" "$IMAGES"
[ -e "$IMAGES/busybox.tar" ] || "$HERE/make-images.py" "$IMAGES" # the last that it makes
touch "$RUN/node"
make_network
remember_kernel_settings
"$HERE/up.sh" --with-node "$@" >/dev/null
start_node
say "the node is up after $((SECONDS - began)) s"
echo "$ADMIN"
