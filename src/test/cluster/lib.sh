# shellcheck shell=bash disable=SC2034
# Sourced by every script here: where things are; how a process is started, awaited and stopped.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
PATH=$PATH:/usr/sbin:/sbin # ip, nft, runc, sysctl

say() { echo "$*" >&2; } # standard output belongs to what a script returns
die() {
  say "error: $*"
  exit 1
}

# --- where things are

CACHE=${CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/holdfast}
[[ $CACHE == /* ]] || CACHE=$PWD/$CACHE
IMAGES=$CACHE/images

# The first of five ports also names the cluster: each has its own folder.
API_PORT=${CLUSTER_PORT_BASE:-17440}
[[ $API_PORT =~ ^[1-9][0-9]{3,4}$ && $API_PORT -ge 1024 && $API_PORT -le 65531 ]] ||
  die "CLUSTER_PORT_BASE must be a number from 1024 to 65531, not '$API_PORT'"
ETCD_PORT=$((API_PORT + 1))
ETCD_PEER_PORT=$((API_PORT + 2))
CONTROLLER_MANAGER_PORT=$((API_PORT + 3))
SCHEDULER_PORT=$((API_PORT + 4))
export CLUSTER_CACHE=$CACHE CLUSTER_PORT_BASE=$API_PORT

STATE=$CACHE/cluster-$API_PORT
PKI=$STATE/pki ETC=$STATE/etc RUN=$STATE/run LOG=$STATE/log DATA=$STATE/data
ADMIN=$ETC/admin.kubeconfig

module_version() { # FOLDER MODULE: the version that FOLDER's go.mod requires
  awk -v module="$2" '{ sub(/^require /, "") } $1 == module && $2 ~ /^v/ { print $2; exit }' \
    "$HERE/modules/$1/go.mod"
}
KUBERNETES=$(module_version control-plane k8s.io/kubernetes)
ETCD=$(module_version control-plane go.etcd.io/etcd/server/v3)
CONTAINERD=$(module_version node github.com/containerd/containerd/v2)
COREDNS=$(module_version dns github.com/coredns/coredns)

# A folder a version: what is there is of the wanted version, and several checkouts share the cache.
program() { # NAME: the path of its binary
  case $1 in
    etcd) echo "$CACHE/bin/etcd-$ETCD/etcd" ;;
    containerd* | ctr) echo "$CACHE/bin/containerd-$CONTAINERD/$1" ;;
    coredns) echo "$CACHE/bin/coredns-$COREDNS/coredns" ;;
    kube*) echo "$CACHE/bin/kubernetes-$KUBERNETES/$1" ;;
    *) die "no program is called $1" ;;
  esac
}

# --- the network: a cluster with a real node lives in a namespace of its own, any other on loopback

NAMESPACE=holdfast
NODE=node-1
NODE_ADDRESS=10.244.0.1 # of the bridge that pods are on
CONTAINERD_SOCKET=$RUN/containerd/containerd.sock
has_node() { [ -e "$RUN/node" ]; }
inside() { # COMMAND...: runs it in the cluster's network
  if has_node; then nsenter "--net=/run/netns/$NAMESPACE" "$@"; else "$@"; fi
}
kubectl() { inside "$(program kubectl)" --kubeconfig "$ADMIN" "$@"; }
# it would complain of cgroup v1 at every call
export CONTAINERD_SUPPRESS_DEPRECATION_WARNINGS=1
ctr() { "$(program ctr)" --address "$CONTAINERD_SOCKET" --namespace k8s.io "$@"; }

# --- processes

CONTROL_PLANE=(kube-scheduler kube-controller-manager kube-apiserver etcd) # in the order to stop them
NODE_PROGRAMS=(coredns kubelet kube-proxy containerd)

pid() { cat "$RUN/$1.pid" 2>/dev/null; }
command_line() { [ -n "$1" ] && tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline"; } # PID

# A PID file proves nothing, as PIDs are used again: the command line must name the program and this
# cluster. It need not be of the wanted version: what an earlier one started must be stopped too.
alive() { # NAME
  local command
  command=$(command_line "$(pid "$1")") && [[ $command == */"$1 "*"$STATE/"* ]]
}

start() { # NAME ARGUMENT...: a session of its own, log in $LOG/NAME.log
  local name=$1 binary launch
  shift
  binary=$(program "$name")
  [ -x "$binary" ] || die "$binary is missing: run build.sh"
  printf '%s\0' "$@" >"$RUN/$name.arguments" # for restart.sh
  # A proxy of the developer's environment must not catch calls to pods and webhooks. containerd looks
  # for its shim on the path.
  launch=(setsid env -u HTTP_PROXY -u HTTPS_PROXY -u http_proxy -u https_proxy -u ALL_PROXY -u all_proxy
    "PATH=${binary%/*}:$PATH")
  ! has_node || launch+=(nsenter "--net=/run/netns/$NAMESPACE")
  "${launch[@]}" "$binary" "$@" >>"$LOG/$name.log" 2>&1 </dev/null &
  echo $! >"$RUN/$name.pid"
}

stop() { # NAME...: SIGTERM, and SIGKILL to what still runs after 15 s
  local name i
  for name in "$@"; do
    if alive "$name"; then
      kill "$(pid "$name")" 2>/dev/null || true
      for ((i = 0; i < 150; i++)); do
        alive "$name" || break
        sleep 0.1
      done
      if alive "$name"; then
        say "$name ignores SIGTERM: killed"
        kill -KILL "$(pid "$name")" 2>/dev/null || true
      fi
      say "stopped $name"
    fi
    rm -f "$RUN/$name.pid"
  done
}

wait_for() { # NAME SECONDS COMMAND...: until COMMAND succeeds; fails as soon as NAME has died
  local name=$1 deadline=$((SECONDS + $2)) born=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -gt $((born + 1)) ] && ! alive "$name"; then
      tail -n 5 "$LOG/$name.log" >&2
      die "$name died, see $LOG/$name.log"
    fi
    [ $SECONDS -lt $deadline ] || die "$name is not ready, see $LOG/$name.log"
    sleep 0.1
  done
}

healthy() { inside curl --noproxy '*' --fail --silent --show-error --insecure --max-time 5 "$1"; } # URL
