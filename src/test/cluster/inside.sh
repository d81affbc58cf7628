#!/usr/bin/env bash
# inside.sh COMMAND...   runs it in the network of a cluster with a node, where 127.0.0.1 is the node
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ $# -gt 0 ] || die "inside.sh COMMAND..."
inside "$@"
