"""A container as the kubelet and the runtime make it of a pod's template: a process with a read-only root of its own, in
which its volumes and its service account lie where the template says. What is in a ConfigMap or Secret that changes is
there some time later."""

import base64
import http.client
import json
import os
import shutil
import ssl
import threading
import time

from control_plane import Failed, Process, wait_until

# In a mount namespace of its own: the program and the system's libraries, all read-only, as the template's user.
ENTER = """
set -e
root=$1 user=$2 group=$3
shift 3
mount --bind "$root" "$root"
mount --bind /usr "$root/usr"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot "$root" /usr/bin/setpriv --reuid="$user" --regid="$group" --clear-groups --no-new-privs --inh-caps=-all \
    --bounding-set=-all --pdeathsig=KILL "$@"
"""
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


class Volumes(threading.Thread):
    """Keeps the ConfigMaps and Secrets of one container as the kubelet does: a folder whose names lead through ..data, which is
    replaced by a rename."""

    def __init__(self, plane, namespace, root, spec):
        super().__init__(daemon=True)
        self.plane, self.namespace, self.root = plane, namespace, root
        self.group = spec["securityContext"].get("fsGroup", 0)
        paths = {mount["name"]: mount["mountPath"] for container in spec["containers"] for mount in container.get("volumeMounts", ())}
        self.volumes = [(paths[volume["name"]], volume) for volume in spec.get("volumes", ())]
        self.versions = {}  # by path
        self.is_over = threading.Event()
        for path, _ in self.volumes:
            os.makedirs(root + path)
        wait_until(f"the volumes {sorted(paths)}", self.renew, pause=0.3)
        self.start()

    def run(self):
        while not self.is_over.wait(0.3):
            self.renew()

    def renew(self):
        """Whether all are there."""
        done = [self.renew_one(path, volume) for path, volume in self.volumes]
        return all(done)

    def renew_one(self, path, volume):
        kind, source = next((kind, volume[kind]) for kind in ("configMap", "secret") if kind in volume)
        found = self.get(f"{kind.lower()}s", source.get("name") or source["secretName"])
        if found is None:
            return path in self.versions
        if self.versions.get(path) != found["metadata"]["resourceVersion"]:
            data = {key: text.encode() for key, text in found.get("data", {}).items()} if kind == "configMap" else {
                key: base64.b64decode(text) for key, text in found.get("data", {}).items()}
            items = source.get("items") or [{"key": key, "path": key} for key in data]
            if not all(item["key"] in data for item in items):
                return path in self.versions  # the kubelet tells by an event, and changes nothing
            self.lay_out(self.root + path, {item["path"]: data[item["key"]] for item in items}, source.get("defaultMode", 0o644))
            self.versions[path] = found["metadata"]["resourceVersion"]
        return True

    def get(self, resource, name):
        """The object, or nothing where there is none, or no API server."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.plane.server_port, timeout=10,
                                                 context=ssl.create_default_context(cafile=os.path.join(self.plane.certs, "ca.crt")))
        try:
            connection.request("GET", f"/api/v1/namespaces/{self.namespace}/{resource}/{name}",
                               headers={"Authorization": f"Bearer {self.plane.tokens['admin']}"})
            answer = connection.getresponse()
            return json.loads(answer.read()) if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def lay_out(self, folder, files, mode):
        new = f"..{time.monotonic_ns()}"
        for path, content in files.items():
            file = os.path.join(folder, new, path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "wb") as out:
                out.write(content)
            os.chown(file, 0, self.group)
            os.chmod(file, mode)
        old = os.path.realpath(os.path.join(folder, "..data"))
        os.symlink(new, os.path.join(folder, "..new"))
        os.rename(os.path.join(folder, "..new"), os.path.join(folder, "..data"))
        names = {path.split("/")[0] for path in files}
        for name in set(os.listdir(folder)) | names:
            link = os.path.join(folder, name)
            if name in names and not os.path.lexists(link):
                os.symlink(f"..data/{name}", link)
            elif name not in names and not name.startswith(".."):
                os.unlink(link)
        if os.path.basename(old) != "..data":
            shutil.rmtree(old)

    def stop(self):
        self.is_over.set()
        self.join()


class Container:
    """The first one of a template, or another; `change` makes other arguments of its own."""

    def __init__(self, plane, name, namespace, template, program,  # pylint: disable=too-many-arguments
                 change=lambda words: words, number=0):
        self.plane, self.name = plane, name
        spec = template["spec"]
        self.root = plane.folder(f"containers/{name}-{time.monotonic_ns()}")
        os.chmod(self.root, 0o755)
        for folder in ("usr", "dev", "proc", "run", "var/run"):
            os.makedirs(os.path.join(self.root, folder), exist_ok=True)
        for link in ("lib", "lib64", "bin"):
            os.symlink(f"usr/{link}", os.path.join(self.root, link))
        shutil.copy(program, os.path.join(self.root, "fairgate"))
        if spec["automountServiceAccountToken"]:
            self.mount_account(namespace, spec["serviceAccountName"])
        self.volumes = Volumes(plane, namespace, self.root, spec)
        user = spec["securityContext"]
        self.command = ["env", "-i", "KUBERNETES_SERVICE_HOST=127.0.0.1", f"KUBERNETES_SERVICE_PORT={plane.server_port}",
                        "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "unshare", "--mount", "bash", "-c", ENTER, "bash", self.root,
                        str(user["runAsUser"]), str(user["runAsGroup"]), "/fairgate", *change(spec["containers"][number]["args"])]

    def mount_account(self, namespace, name):
        folder = self.root + ACCOUNT
        os.makedirs(folder)
        token = self.plane.kubectl("create", "token", name, "-n", namespace)[1]
        with open(os.path.join(self.plane.certs, "ca.crt"), encoding="utf-8") as file:
            authority = file.read()
        for file, content in (("token", token.strip()), ("namespace", namespace), ("ca.crt", authority)):
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                out.write(content)

    def start(self):
        return Process(self.name, self.command, os.path.join(self.plane.logs, f"{self.name}.log"))

    def run(self):
        """To its end, which must be a good one."""
        process = self.start()
        wait_until(f"the end of {self.name}", lambda: process.process.poll() is not None)
        self.volumes.stop()
        if process.process.returncode:
            raise Failed(f"{self.name} ended with {process.process.returncode}:\n{process.written()}")
        return process.written()
