#!/usr/bin/env bash
# fake-node.sh NAME [KUBELET-VERSION]
#
# Creates a Ready Node that the scheduler binds pods to. There is no kubelet: pods stay Pending unless
# pods-ready.sh reports for it. For clusters without a real node: in others it is tainted after a while.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ $# = 1 ] || [ $# = 2 ] || die "fake-node.sh NAME [KUBELET-VERSION]"
name=$1 version=${2:-$KUBERNETES} now=$(date -u +%FT%TZ)

kubectl apply -f - >&2 <<YAML
apiVersion: v1
kind: Node
metadata:
  name: $name
  labels: {kubernetes.io/hostname: $name, kubernetes.io/os: linux, kubernetes.io/arch: amd64, type: fake}
YAML
kubectl patch node "$name" --subresource=status --type=merge --patch-file=/dev/stdin >/dev/null <<YAML
status:
  capacity: {cpu: "32", memory: 128Gi, pods: "10000", ephemeral-storage: 100Gi}
  allocatable: {cpu: "32", memory: 128Gi, pods: "10000", ephemeral-storage: 100Gi}
  addresses: [{type: InternalIP, address: 127.0.0.1}]
  nodeInfo:
    kubeletVersion: $version
    containerRuntimeVersion: fake://1
    osImage: fake
    operatingSystem: linux
    architecture: amd64
    kubeProxyVersion: ""
    kernelVersion: ""
    machineID: ""
    systemUUID: ""
    bootID: ""
  conditions:
    - type: Ready
      status: "True"
      reason: Fake
      message: there is no kubelet
      lastHeartbeatTime: $now
      lastTransitionTime: $now
YAML
# admission adds node.kubernetes.io/not-ready:NoSchedule to every new node
kubectl patch node "$name" --type=merge --patch '{"spec": {"taints": null}}' >/dev/null
