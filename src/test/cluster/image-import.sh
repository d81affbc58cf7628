#!/usr/bin/env bash
# image-import.sh FILE.tar...
#
# Makes images known to the node, from OCI archives or what "docker save" writes. There is no registry
# to pull from: pods need imagePullPolicy IfNotPresent or Never.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ $# -gt 0 ] || die "image-import.sh FILE.tar..."
alive containerd || die "no node runs: node-up.sh starts one"
for archive in "$@"; do
  ctr images import --local "$archive" >&2
done
