#!/bin/sh
# fuzz.sh SECONDS [TARGET...]: feeds every parser of holdfast-init random bytes, so many seconds each
#
# Ends non-zero on the first input that breaks a sanitizer's rule or one of the target's own, and tells where it is.
# Needs clang with libFuzzer (Debian: clang-14 libclang-rt-14-dev). Inputs that were worth keeping stay in target/init/fuzz.
set -eu
cd "$(dirname "$0")/../../.."

seconds=${1:?fuzz.sh SECONDS [TARGET...]}
shift
[ $# -gt 0 ] || set -- values options netlink proc url
compiler=${CLANG:-clang}
command -v "$compiler" >/dev/null || compiler=clang-14
output=target/init/fuzz
flags='-std=c11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all -Wall -Wextra -Werror'

for target; do
  case $target in
    values) sources='parse.c' ;;
    options) sources='settings.c parse.c drain.c sockets.c ledger.c' ;;
    netlink) sources='sockets.c' ;;
    proc) sources='sockets.c descendants.c' ;;
    url) sources='url.c parse.c' ;;
    *) echo "fuzz.sh: no target $target" >&2 && exit 2 ;;
  esac
  mkdir -p "$output/$target"
  # shellcheck disable=SC2086 # flags and sources are words
  (cd src/main/c && "$compiler" $flags -fsanitize=fuzzer,address,undefined -I. -o "../../../$output/fuzz_$target" \
    "../../test/c/fuzz_$target.c" ../../test/c/fuzz_log.c $sources)
  if ! "$output/fuzz_$target" -max_total_time="$seconds" -max_len=4096 -timeout=5 -print_final_stats=1 \
    -dict=src/test/c/fuzz.dict -artifact_prefix="$output/" "$output/$target" >"$output/$target.log" 2>&1; then
    tail -n 40 "$output/$target.log"
    echo "fuzz $target: FAILED" >&2
    exit 1
  fi
  echo "fuzz $target: $(sed -n 's/stat::number_of_executed_units: *//p' "$output/$target.log") inputs in $seconds s"
done
