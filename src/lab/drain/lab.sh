#!/usr/bin/env bash
# Whether the drain keeps requests from failing while pods are replaced, and what it costs:
#
#   src/lab/drain/lab.sh [--check] [--lag SECONDS] [rollout|cost]
#
# Network and PID namespaces of its own, about five minutes at most ten, nothing left behind. Needs root, python3, nft,
# iproute2, util-linux, and build.sh run before. With --check it fails when the drain misses an aim. With --lag it
# tries one endpoint lag only: a minute.
set -euo pipefail
cd "$(dirname "$0")/../../.."

ulimit -Sn "$(ulimit -Hn)"
exec timeout --kill-after=5 600 \
  unshare --net --mount --pid --fork --kill-child --mount-proc python3 src/lab/drain/lab.py "$@"
