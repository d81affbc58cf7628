#!/usr/bin/env bash
# restart.sh [PROGRAM [SECONDS]]
#
# Stops one program of a running cluster (kube-apiserver unless named) and starts it again with the
# same flags, SECONDS later.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
name=${1:-kube-apiserver} pause=${2:-0}
[ $# -le 2 ] || die "restart.sh [PROGRAM [SECONDS]]"
alive "$name" || die "$name does not run"

mapfile -d '' -t arguments <"$RUN/$name.arguments"
stop "$name"
sleep "$pause"
start "$name" "${arguments[@]}"
case $name in
  etcd | kube-apiserver) wait_for "$name" 180 kubectl get --raw=/readyz ;;
  kube-controller-manager) wait_for "$name" 60 healthy "https://127.0.0.1:$CONTROLLER_MANAGER_PORT/healthz" ;;
  kube-scheduler) wait_for "$name" 60 healthy "https://127.0.0.1:$SCHEDULER_PORT/healthz" ;;
  kubelet) wait_for "$name" 60 healthy http://127.0.0.1:10248/healthz ;;
  kube-proxy) wait_for "$name" 60 healthy http://127.0.0.1:10256/healthz ;;
esac
say "restarted $name"
