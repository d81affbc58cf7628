#!/usr/bin/env bash
# kubectl.sh ARGUMENT...   kubectl as the cluster's admin, and in its network if it has a node
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
kubectl "$@"
