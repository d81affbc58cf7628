#!/usr/bin/env bash
# node-down.sh
#
# Stops the node and its control plane, kills every container, and puts back what the kubelet changed.
# Nothing is deleted through the API: pods get no time to stop.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kill_containers() {
  local id
  alive containerd || return 0
  for id in $(ctr tasks ls --quiet); do ctr tasks kill --signal KILL "$id" || true; done
  for id in $(ctr tasks ls --quiet); do ctr tasks rm --force "$id" || true; done
  for id in $(ctr containers ls --quiet); do ctr containers rm "$id" || true; done
} >/dev/null 2>&1

# They outlive containerd, and name its socket.
kill_shims() {
  local process
  for process in /proc/[0-9]*; do
    case $(command_line "${process#/proc/}") in
      *containerd-shim-runc-v2*"$CONTAINERD_SOCKET"*) kill "${process#/proc/}" 2>/dev/null || true ;;
    esac
  done
}

unmount() {
  local mount
  awk -v state="$STATE/" 'index($5, state) == 1 { print $5 }' /proc/self/mountinfo | sort --reverse |
    while read -r mount; do umount --lazy "$mount" || true; done
}

# What kubelet and containerd make at fixed places: only what is ours, or what nobody listens on.
remove_leftovers() {
  local socket
  for socket in /run/containerd/s/* /var/lib/kubelet/device-plugins/kubelet.sock; do
    if [ -S "$socket" ] && ! grep -qF " $socket" /proc/net/unix; then rm -f "$socket"; fi
  done
  [ ! -d /var/log/containers ] || find /var/log/containers -lname "$DATA/*" -delete
  rmdir /run/containerd/s /run/containerd /var/log/containers \
    /var/lib/kubelet/device-plugins /var/lib/kubelet 2>/dev/null || true
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
  rm -rf --one-file-system "$DATA/cni" "$DATA/kubelet" "$DATA/pod-logs" "$RUN/containerd" "$RUN/runc"
}

restore_kernel_settings() {
  local setting
  [ ! -e "$RUN/sysctl" ] || while read -r setting; do sysctl -qw "$setting" || true; done <"$RUN/sysctl"
}

if ! has_node; then
  say "no node of this cluster"
  exit
fi
stop coredns kubelet kube-proxy
kill_containers
stop containerd
kill_shims
stop "${CONTROL_PLANE[@]}"
unmount
remove_leftovers
restore_kernel_settings
[ ! -e "/run/netns/$NAMESPACE" ] || ip netns del "$NAMESPACE"
rm -f "$RUN/sysctl" "$RUN/node"
