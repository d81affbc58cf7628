"""The lab behind lab.sh: a node with a service in front of pods, and a client; each in a network namespace of its own.

The service is an nft rule that sends each new connection to one of its endpoints at random, as kube-proxy's does.
Replicas are replaced one by one: a new pod is added, then an old one deleted. Its endpoint goes away only after a lag,
while the pod is already being stopped: pre-stop command, then TERM. That is the race in which requests fail.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
# copies that a user without rights can read, wherever the checkout is
SHARED = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-lab"))
SHARED.chmod(0o755)
INIT = shutil.copy(HERE.parents[2] / "target/init/linux-amd64/holdfast-init", SHARED)
TRAFFIC = shutil.copy(HERE / "traffic.py", SHARED)
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable

SERVICE = "10.96.0.10"
REPLICAS = 3
RATE = 100
LAGS = (0.2, 1, 3, 8)
DRAIN = ["--ports", "8080", "--quiet", "2", "--min", "0", "--max", "25"]
UNPRIVILEGED = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", "--bounding-set=-all",
                "--inh-caps=-all", "--no-new-privs"]

WAYS = {
    "nothing": {},
    "sleep 5": {"pre_stop": [INIT, "sleep", "5"]},
    "drain as preStop": {"pre_stop": [INIT, "drain", *DRAIN]},
    "drain as PID 1": {"init": [INIT, "--drain", *DRAIN, "--"]},
}

# aims of the project: docs/benchmarks.md
CPU_PERCENT = 0.5
LATE_SECONDS = 0.3
CONNECTIONS = 1000


def run(command):
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)


def until(condition, what):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError(what)


class Namespace:
    """A process in a network namespace of its own: a pod's, on the bridge of the node, or the client's, behind it."""

    count = 0

    def __init__(self, command, bridge=None):
        Namespace.count += 1
        self.link = f"v{Namespace.count}"
        if bridge:
            gateway, self.address, bits = "10.1.0.1", f"10.1.1.{Namespace.count}", 16
        else:
            # each client another address: the node remembers for minutes where connections went that never came up
            net = f"10.2.{Namespace.count}"
            gateway, self.address, bits = f"{net}.1", f"{net}.2", 24
        self.outer = subprocess.Popen(
            ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", *command],
            stderr=subprocess.DEVNULL)
        self.pid = int(until(self._child, "no process"))
        run(f"ip link add {self.link} type veth peer name eth0 netns {self.pid}")
        if bridge:
            run(f"ip link set {self.link} master {bridge}")
        else:
            run(f"ip address add {gateway}/{bits} dev {self.link}")
        run(f"ip link set {self.link} up")
        for line in ("link set lo up", f"address add {self.address}/{bits} dev eth0", "link set eth0 up",
                     f"route add default via {gateway}"):
            run(f"nsenter -t {self.pid} -n ip {line}")

    def _child(self):
        with open(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children") as children:
            return children.read().strip()

    def inside(self, command, **options):
        return subprocess.Popen(["nsenter", "-t", str(self.pid), "-n", *command], **options)

    def inside_all(self, command, **options):
        """As the kubelet runs a command in a container."""
        return subprocess.Popen(
            ["nsenter", "-t", str(self.pid), "-n", "-p", "-m", *UNPRIVILEGED, *command],
            stderr=subprocess.DEVNULL, **options)

    def remove(self):
        if self.outer.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        self.outer.wait()
        subprocess.run(["ip", "link", "delete", self.link], stderr=subprocess.DEVNULL)


class Pod(Namespace):
    """Once it has gone, the node sends what is for it into the void, as it does on a bridge: clients wait in vain."""

    def __init__(self, init=()):
        super().__init__([*UNPRIVILEGED, *init, PYTHON, TRAFFIC, "serve"], bridge="br0")
        until(self._listens, "not ready")

    def _listens(self):
        with open(f"/proc/{self.pid}/net/tcp") as table:
            return ":1F90 00000000:0000 0A" in table.read()

    def stop(self, pre_stop=()):
        """Returns how long it took."""
        start = time.monotonic()
        if pre_stop:
            self.inside_all(pre_stop).wait()
        os.kill(self.pid, signal.SIGTERM)
        self.outer.wait(timeout=60)
        took = time.monotonic() - start
        self.remove()
        return took


class Service:
    def __init__(self):
        self.endpoints = []
        self.lock = threading.Lock()

    def change(self, add=None, remove=None):
        with self.lock:
            self.endpoints = [pod for pod in self.endpoints if pod is not remove] + ([add] if add else [])
            targets = ", ".join(f"{number} : {pod.address}" for number, pod in enumerate(self.endpoints))
            to = f"dnat to numgen random mod {len(self.endpoints)} map {{ {targets} }}" if targets else "drop"
            rules = ("flush ruleset\ntable ip lab { chain services { type nat hook prerouting priority -100;\n"
                     f"ip daddr {SERVICE} tcp dport 8080 {to}\n}}\n}}\n")
            subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def rollout(lag, pre_stop=(), init=()):
    """Replaces every replica; returns requests, failures by kind, and the mean time that stopping took."""
    service = Service()
    client = Namespace(["sleep", "infinity"])
    pods = [Pod(init) for _ in range(REPLICAS)]
    for pod in pods:
        service.change(add=pod)
    load = client.inside([PYTHON, TRAFFIC, "requests", SERVICE, str(RATE)], stdout=subprocess.PIPE, text=True)
    time.sleep(1.5)
    times, timers = [], []
    for old in list(pods):
        new = Pod(init)
        pods.append(new)
        service.change(add=new)
        timer = threading.Timer(lag, service.change, kwargs={"remove": old})
        timer.start()
        timers.append(timer)
        times.append(old.stop(pre_stop))
        pods.remove(old)
    for timer in timers:
        timer.join()
    time.sleep(0.5)
    load.send_signal(signal.SIGTERM)
    ends = json.loads(load.communicate(timeout=30)[0])
    for namespace in [*pods, client]:
        namespace.remove()
    good = ends.pop("ok", 0)
    return good + sum(ends.values()), ends, sum(times) / len(times)


def rollouts(lags):
    missed = False
    print(f"{REPLICAS} replicas, {RATE} requests a second, replaced one by one\n")
    print("| before TERM | endpoint lag | requests | failed | seconds a pod |\n|---|---|---|---|---|")
    for name, way in WAYS.items():
        for lag in lags:
            count, ends, seconds = rollout(lag, **way)
            failed = sum(ends.values())
            kinds = ", ".join(f"{number} {kind}" for kind, number in ends.items())
            print(f"| {name} | {lag} s | {count} | {100 * failed / count:.1f} % | {seconds:.1f} |", flush=True)
            if kinds:
                print(f"{name}, {lag} s: {kinds}", file=sys.stderr)
            if "drain" in name and failed:
                missed = True
            if name == "nothing" and lag >= 1 and failed < count / 20:
                print("the lab is broken: nothing fails without a pause", file=sys.stderr)
                missed = True
    return missed


def cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat") as stat:
        return int(stat.read().split()[0]) / 1e9


def status(pid, key):
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key))


def cost():
    """A drain with many busy connections, as preStop: what it uses, and when it ends after they fall silent."""
    quiet, busy = 2, 12
    pod, client = Pod(), Namespace(["sleep", "infinity"])
    load = client.inside([PYTHON, TRAFFIC, "connections", pod.address, str(CONNECTIONS), str(busy)],
                         stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    drain = pod.inside([INIT, "drain", "--ports", "8080", "--quiet", str(quiet), "--min", "0", "--max", "60"],
                       stderr=subprocess.DEVNULL)
    start = time.monotonic()
    time.sleep(busy - 3)
    used, span = cpu_seconds(drain.pid), time.monotonic() - start
    rss = status(drain.pid, "VmRSS")
    drain.wait()
    ended = time.monotonic()
    last = float(load.stdout.readline())
    load.terminate()
    for namespace in (client, pod):
        namespace.remove()
    percent, late = 100 * used / span, ended - last - quiet
    print(f"\nDraining with {CONNECTIONS} connections that carry a request a second each, --quiet {quiet}:\n")
    print("| CPU of one core | RSS | ended after the last request |\n|---|---|---|")
    print(f"| {percent:.2f} % | {rss} kB | {quiet} s + {1000 * late:.0f} ms |", flush=True)
    return percent > CPU_PERCENT or late > LATE_SECONDS


def main():
    words = sys.argv[1:]
    lags = [float(words[words.index("--lag") + 1])] if "--lag" in words else LAGS
    parts = [word for word in words if word in ("rollout", "cost")] or ["rollout", "cost"]
    run("ip link set lo up")
    # a fixed MAC address: else it follows its ports', and pods would go on asking the old one
    run("ip link add br0 address 02:00:00:00:00:01 type bridge")
    run("ip address add 10.1.0.1/16 dev br0")
    run("ip link set br0 up")
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    missed = False
    try:
        if "rollout" in parts:
            missed |= rollouts(lags)
        if "cost" in parts:
            missed |= cost()
    finally:
        shutil.rmtree(SHARED)
    sys.exit(1 if missed and "--check" in words else 0)


if __name__ == "__main__":
    main()
