"""Does the work of pods-ready.sh, over one connection to the API server."""

import argparse
import datetime
import http.client
import json
import ssl
import time

FORCED = {"gracePeriodSeconds": 0}


class Api:
    """The API server, as the cluster's admin."""

    def __init__(self, port, pki):
        tls = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        tls.load_cert_chain(f"{pki}/admin.crt", f"{pki}/admin.key")
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=30)

    def call(self, method, path, body=None, kind="application/json"):
        """The answer's object, or None if the object of the path has gone or changed meanwhile."""
        try:
            self.connection.request(method, path, body and json.dumps(body), {"Content-Type": kind})
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()  # the next call connects anew
            raise
        if answer.status in (404, 409):
            return None
        if answer.status >= 300:
            raise SystemExit(f"error: {method} {path}: {answer.status} {text.decode(errors='replace')}")
        return json.loads(text)


def condition(kind, status, now, **more):
    return {"type": kind, "status": str(status), "lastTransitionTime": now, **more}


def container_status(container, state, ready):
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "fake://" + container["image"],
        "containerID": "fake://" + container["name"],
        "ready": ready,
        "started": ready,
        "restartCount": 0,
        "state": state,
    }


def ready_status(pod):
    """What a kubelet reports of a pod all of whose containers run."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    running = {"running": {"startedAt": now}}
    done = {
        "terminated": {
            "exitCode": 0,
            "reason": "Completed",
            "startedAt": now,
            "finishedAt": now,
            "containerID": "fake://init",
        }
    }
    conditions = {c["type"]: c for c in pod.get("status", {}).get("conditions", [])}
    for kind in ("PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady"):
        conditions[kind] = condition(kind, True, now)
    gates = [g["conditionType"] for g in pod["spec"].get("readinessGates", [])]
    if all(conditions.get(gate, {}).get("status") == "True" for gate in gates):
        conditions["Ready"] = condition("Ready", True, now)
    else:
        conditions["Ready"] = condition("Ready", False, now, reason="ReadinessGatesNotReady")
    number = int(pod["metadata"]["uid"][:4], 16)
    ip = f"10.200.{number >> 8}.{number & 255}"  # of no network: nothing listens there
    return {
        "phase": "Running",
        "startTime": now,
        "hostIP": "127.0.0.1",
        "hostIPs": [{"ip": "127.0.0.1"}],
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "conditions": list(conditions.values()),
        "initContainerStatuses": [
            container_status(c, running, True)
            if c.get("restartPolicy") == "Always"
            else container_status(c, done, True)
            for c in pod["spec"].get("initContainers", [])
        ],
        "containerStatuses": [container_status(c, running, True) for c in pod["spec"]["containers"]],
    }


def is_ready(pod):
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def one_pass(api, where, keep_terminating):
    nodes = api.call("GET", "/api/v1/nodes?labelSelector=type%3Dfake")["items"]
    names = {node["metadata"]["name"] for node in nodes}
    for pod in api.call("GET", f"/api/v1{where}/pods")["items"]:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        if pod["spec"].get("nodeName") not in names or pod["status"].get("phase") in ("Succeeded", "Failed"):
            continue
        if "deletionTimestamp" in pod["metadata"]:
            if not keep_terminating and api.call("DELETE", path, FORCED):
                print("finished", f"{namespace}/{name}", flush=True)
        elif not is_ready(pod):
            patch = {"status": ready_status(pod)}
            if api.call("PATCH", path + "/status", patch, "application/merge-patch+json"):
                print("ready", f"{namespace}/{name}", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="pods-ready.sh")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("namespace", nargs="?")
    where.add_argument("-A", dest="everywhere", action="store_true")
    parser.add_argument("--loop", action="store_true")
    parser.add_argument("--keep-terminating", action="store_true")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pki", required=True)
    options = parser.parse_args()
    api = Api(options.port, options.pki)
    where = "" if options.everywhere else f"/namespaces/{options.namespace}"
    if not options.loop:
        one_pass(api, where, options.keep_terminating)
    while options.loop:
        try:
            one_pass(api, where, options.keep_terminating)
        except (OSError, http.client.HTTPException) as error:  # the API server restarts
            print("retrying:", error, flush=True)
        time.sleep(0.5)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
