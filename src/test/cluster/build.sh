#!/usr/bin/env bash
# build.sh        builds etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl
# build.sh node   builds also what a node needs, and installs the Debian packages that are missing
#
# From Go modules, which go.sum pins, into $CLUSTER_CACHE/bin. What is there is not built again.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

one_build_at_a_time() {
  mkdir -p "$CACHE/bin"
  exec 9>"$CACHE/bin/.lock"
  flock --nonblock 9 || {
    say "waiting for another build"
    flock 9
  }
}

build() { # PROGRAM FOLDER PACKAGE FLAG-OF-GO-BUILD...
  local binary folder=$2 package=$3 since=$SECONDS
  binary=$(program "$1")
  shift 3
  [ ! -x "$binary" ] || return 0
  command -v go >/dev/null ||
    die "Go $(awk '$1 == "go" { print $2 }' "$HERE/modules/$folder/go.mod") or newer is needed to build $binary"
  say "building $binary"
  mkdir -p "$(dirname "$binary")"
  (
    cd "$HERE/modules/$folder"
    export CGO_ENABLED=0 GOFLAGS=-mod=readonly
    nice -n 10 go build -trimpath -buildvcs=false "$@" -o "$binary.new" "$package" >&2
  )
  mv -f "$binary.new" "$binary" # only whole binaries have the name
  say "  took $((SECONDS - since)) s"
}

kubernetes() { # PROGRAM...
  local minor=${KUBERNETES#v1.} flags="-s -w" package name
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$KUBERNETES -X $package.gitMajor=1"
    flags+=" -X $package.gitMinor=${minor%%.*} -X $package.gitTreeState=clean"
  done
  for name in "$@"; do
    # grpcnotrace: without it the linker keeps every method, and the API server is a fifth larger
    build "$name" control-plane "k8s.io/kubernetes/cmd/$name" -tags selinux,notest,grpcnotrace -ldflags "$flags"
  done
}

containerd() { # PROGRAM...
  local module=github.com/containerd/containerd/v2 name
  for name in "$@"; do
    build "$name" node "$module/cmd/$name" -tags urfave_cli_no_docs,no_btrfs,no_devmapper,no_zfs \
      -ldflags "-s -w -X $module/version.Version=$CONTAINERD"
  done
}

debian_packages() { # PROGRAM-OR-FILE=PACKAGE...: installs the packages of those that are missing
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%=*}" >/dev/null || [ -e "${pair%=*}" ] || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then die "not installed: ${missing[*]}"; fi
  say "installing ${missing[*]}"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

case ${1:-} in '' | node) ;; *) die "build.sh [node]" ;; esac
one_build_at_a_time
kubernetes kube-apiserver kube-controller-manager kube-scheduler kubectl
build etcd control-plane go.etcd.io/etcd/server/v3 -ldflags "-s -w"
if [ "${1:-}" = node ]; then
  kubernetes kubelet kube-proxy
  containerd containerd containerd-shim-runc-v2 ctr
  build coredns dns . -ldflags "-s -w"
  debian_packages runc=runc /usr/lib/cni/bridge=containernetworking-plugins busybox=busybox-static \
    nft=nftables ip=iproute2 sysctl=procps gcc=gcc /usr/include/stdio.h=libc6-dev python3=python3
fi
