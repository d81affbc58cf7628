#!/usr/bin/env bash
# pods-ready.sh NAMESPACE|-A [--loop] [--keep-terminating]
#
# Reports for fake nodes what a kubelet would: their pods become Running and Ready, and those that
# terminate are gone (--keep-terminating leaves them). One pass, or until stopped with --loop.
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ $# -ge 1 ] || die "pods-ready.sh NAMESPACE|-A [--loop] [--keep-terminating]"
exec python3 "$HERE/pods-ready.py" --port "$API_PORT" --pki "$PKI" "$@"
