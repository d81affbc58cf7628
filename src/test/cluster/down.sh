#!/usr/bin/env bash
# down.sh [--purge]   stops what up.sh or node-up.sh started; --purge removes its folder too
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-} in '' | --purge) ;; *) die "down.sh [--purge]" ;; esac

if has_node; then "$HERE/node-down.sh"; else stop "${CONTROL_PLANE[@]}"; fi
[ "${1:-}" != --purge ] || rm -rf --one-file-system "$STATE"
