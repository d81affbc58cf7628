#!/usr/bin/env python3
"""make-images.py FOLDER: writes pause.tar and busybox.tar, from what the machine has.

test.local/pause:1 is what holds a pod's namespaces, test.local/busybox:1 what pods of tests run. Each
file is an OCI archive. Needs gcc and a static busybox.
"""

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]

# Reaps what other containers of a shared process namespace leave behind.
PAUSE = r"""
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void stop(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0); }
int main(void) {
    struct sigaction reaping = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGCHLD, &reaping, 0);
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    for (;;) pause();
}
"""

# wget of Debian 12's static busybox crashes at once; nc works.
GET = r"""#!/bin/sh
# get http://HOST[:PORT]/PATH   prints the body
url=${1#http://} host=${1#http://}
host=${host%%/*} path=/${url#*/} port=${host#*:}
[ "$port" != "$host" ] || port=80
printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$path" "$host" | nc -w 5 "${host%:*}" "$port" | sed '1,/^\r$/d'
"""


def archive(entries):
    """A tar of (name, kind, mode, content): content is a link's target or a file's bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, mode, content in entries:
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, mode
            if kind == tarfile.SYMTYPE:
                info.linkname = content
            elif kind == tarfile.REGTYPE:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if kind == tarfile.REGTYPE else None)
    return buffer.getvalue()


def file(name, content, mode=0o644):
    return name, tarfile.REGTYPE, mode, content


def folder(name, mode=0o755):
    return name, tarfile.DIRTYPE, mode, b""


def image(reference, layer, config):
    """An OCI archive of one layer; containerd gives it the name of the annotation."""
    blobs = []

    def blob(kind, data, **more):
        digest = hashlib.sha256(data).hexdigest()
        blobs.append(file(f"blobs/sha256/{digest}", data))
        kind = f"application/vnd.oci.image.{kind}"
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data), **more}

    platform_of_image = {"architecture": ARCHITECTURE, "os": "linux"}
    layers = [blob("layer.v1.tar", layer)]
    rootfs = {"type": "layers", "diff_ids": [layers[0]["digest"]]}
    settings = blob("config.v1+json", json.dumps({**platform_of_image, "config": config, "rootfs": rootfs}).encode())
    manifest = blob(
        "manifest.v1+json",
        json.dumps({"schemaVersion": 2, "config": settings, "layers": layers}).encode(),
        platform=platform_of_image,
        annotations={"io.containerd.image.name": reference},
    )
    index = json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()
    return archive([file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), file("index.json", index), *blobs])


def pause():
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/pause.c", "w", encoding="ascii") as source:
            source.write(PAUSE)
        subprocess.check_call(["gcc", "-O1", "-static", "-s", "-o", f"{work}/pause", f"{work}/pause.c"])
        with open(f"{work}/pause", "rb") as binary:
            layer = archive([file("pause", binary.read(), 0o755)])
    return image("test.local/pause:1", layer, {"Entrypoint": ["/pause"], "User": "65535:65535"})


def busybox():
    program = shutil.which("busybox") or "/bin/busybox"
    applets = subprocess.check_output([program, "--list"], text=True).split()
    users = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
    with open(program, "rb") as binary:
        layer = archive(
            [
                *(folder(name) for name in ("bin", "etc", "proc", "sys", "dev")),
                folder("tmp", 0o1777),
                folder("root", 0o700),
                file("etc/passwd", users),
                file("bin/busybox", binary.read(), 0o755),
                file("bin/get", GET.encode(), 0o755),
                *(
                    (f"bin/{applet}", tarfile.SYMTYPE, 0o777, "busybox")
                    for applet in applets
                    if applet not in ("busybox", "wget")
                ),
            ]
        )
    return image("test.local/busybox:1", layer, {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]})


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, make in (("pause", pause), ("busybox", busybox)):
        path = os.path.join(sys.argv[1], name + ".tar")
        with open(path + ".new", "wb") as target:
            target.write(make())
        os.replace(path + ".new", path)


main()
