#!/usr/bin/env bash
# check.sh [MAVEN-OPTION...]   builds the images in two folders, and once more after a change of code
#
# Proves that two builds from the same commit are the same byte for byte wherever they happen, that the
# main image is no larger than 140 MB, and that a change of code changes one layer of less than 1 MB
# besides the class cache. Prints what it measured. Three builds: 3 to 5 minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAIL  $*" >&2
  exit 1
}

copy() { # FOLDER: what git knows
  mkdir -p "$1"
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -C "$1" -xf -
}

build() { # FOLDER
  (cd "$1" && ./mvnw -q -Pimages -Dspotless.check.skip package "${options[@]}" >"$1.log" 2>&1) ||
    { cat "$1.log" >&2; fail "the build in $1"; }
}

layers() { # FOLDER: NAME DIGEST BYTES of each layer of the main image
  python3 - "$1/target/images/holdfast.tar" <<'PYTHON'
import json
import sys
import tarfile

with tarfile.open(sys.argv[1]) as tar:
    def read(name):
        return json.load(tar.extractfile(name))

    def blob(descriptor):
        return "blobs/sha256/" + descriptor["digest"].split(":")[1]

    manifest = read(blob(read("index.json")["manifests"][0]))
    config = read(blob(manifest["config"]))
    for layer, history in zip(manifest["layers"], config["history"]):
        print(history["comment"], layer["digest"], layer["size"])
PYTHON
}

options=("$@")
copy "$work/one"
copy "$work/another/folder"
build "$work/one"
build "$work/another/folder"
for image in holdfast holdfast-init; do
  cmp "$work"/{one,another/folder}/target/images/$image.tar || fail "$image.tar differs"
done
cmp "$work"/{one,another/folder}/target/holdfast.cdx.json || fail "the SBOM differs"
echo "ok    two builds in two folders are the same"

layers "$work/one" >"$work/before"
size=$(awk '{ sum += $3 } END { print sum }' "$work/before")
[ "$size" -le 140000000 ] || fail "the main image has $size bytes"
awk -v size="$size" 'BEGIN { printf "ok    the main image has %.1f MB compressed\n", size / 1e6 }'

class=src/main/java/dev/holdfast/hardening/Hardener.java
sed -i '$ s/^}$/  static int changed() {\n    return 1;\n  }\n}/' "$work/one/$class"
! cmp -s "$class" "$work/one/$class" || fail "$class is not changed"
build "$work/one"
layers "$work/one" >"$work/after"
changed=$({ diff "$work/before" "$work/after" || true; } | awk '/^>/ { print $2, $4 }')
echo "$changed" | awk '
  $1 == "cache" { next }
  $1 != "holdfast" || $2 >= 1000000 { bad = 1 }
  { n++ }
  END { exit bad || n != 1 }' || fail "a change of code changed: $changed"
echo "$changed" | awk '{ printf "ok    a change of code changes %s, %.2f MB\n", $1, $2 / 1e6 }'
