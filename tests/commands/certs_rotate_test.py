#!/usr/bin/env python3
"""`fairgate certs rotate`: in a folder, and in a cluster whose API server is faked. Whatever goes wrong between two steps, what is
served is believed by all who verify, as `openssl verify` says, and a later run ends what was begun."""

import base64
import copy
import datetime
import functools
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../server"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from fake_api import BUILD, FakeApi, status
from serving import FAIRGATE, expect, main, run, spoil_key, test, with_folder

HOST = "hook.gpu.svc"
SERVICE = ["--service", "hook", "--namespace", "gpu"]
certs = functools.partial(run, "certs")
START = datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc)


def at(hours):
    return (START + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def believed(certificate, trusted, hours):
    """Does who trusts these believe a server with that chain at that time?"""
    with tempfile.NamedTemporaryFile("w") as server, tempfile.NamedTemporaryFile("w") as roots:
        server.write(certificate), server.flush()
        roots.write(trusted), roots.flush()
        seconds = int((START + datetime.timedelta(hours=hours)).timestamp())
        run = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-no-CApath", "-no-CAstore",
                              "-attime", str(seconds), "-verify_hostname", HOST, "-CAfile", roots.name, server.name],
                             capture_output=True, check=False)
        return run.returncode == 0


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return file.read()


def count(pem):
    return pem.count("BEGIN CERTIFICATE")


# ---- a folder

def rotate_folder(folder, hours, *arguments):
    status, out, err = certs("rotate", "--dir", folder, *SERVICE, "--time", at(hours), *arguments)
    expect("exit", (status, err), (0, ""))
    return out


@with_folder
def a_folder_is_renewed_in_steps_and_links_keep_all_files_together(scratch):
    assert "new CA" in rotate_folder(scratch, 0)
    first = read(scratch, "tls.crt")
    assert rotate_folder(scratch, 1).startswith("nothing to do: the certificate is valid until 2027-04-01T00:00:00Z, CN=fairgate CA ")
    assert "brings a certificate of the new CA" in rotate_folder(scratch, 2, "--new-ca")
    expect("certificate", read(scratch, "tls.crt"), first)
    assert believed(first, read(scratch, "ca.crt"), 2)
    rotate_folder(scratch, 3)
    second = read(scratch, "tls.crt")
    assert second != first and believed(first, read(scratch, "ca.crt"), 3) and believed(second, read(scratch, "ca.crt"), 3)
    rotate_folder(scratch, 4)
    expect("CAs", count(read(scratch, "ca.crt")), 1)
    assert believed(second, read(scratch, "ca.crt"), 4) and not believed(first, read(scratch, "ca.crt"), 4)
    status, out, _ = certs("check", f"{scratch}/tls.crt", f"{scratch}/tls.key", "--ca", f"{scratch}/ca.crt", "--host", HOST,
                           "--time", at(4))
    expect("sound", status, 0)
    expect("states", len(glob.glob(f"{scratch}/..state-*")), 1)
    expect("modes", [oct(os.stat(f"{scratch}/{name}").st_mode & 0o777) for name in ("ca.key", "tls.key")], ["0o600"] * 2)


@with_folder
def plain_files_become_links(scratch):
    made, plain = f"{scratch}/made", f"{scratch}/plain"
    expect("exit", certs("issue", "--dir", made, *SERVICE, "--time", at(0))[0], 0)
    os.mkdir(plain)
    for name in ["ca.crt", "ca.key", "tls.crt", "tls.key"]:
        shutil.copy(f"{made}/{name}", f"{plain}/{name}")
    before = {name: read(plain, name) for name in os.listdir(plain)}
    assert "nothing to do" in rotate_folder(plain, 1)
    assert not os.path.islink(f"{plain}/tls.crt")
    rotate_folder(plain, 24 * 61)
    assert os.readlink(f"{plain}/tls.crt") == "..data/tls.crt" and os.readlink(f"{plain}/tls.key") == "..data/tls.key"
    expect("the CA's key", read(plain, "ca.key"), before["ca.key"])
    assert read(plain, "tls.crt") != before["tls.crt"] and believed(read(plain, "tls.crt"), before["ca.crt"], 24 * 61)


def bring_authority(folder, *key):
    """One that somebody brings along."""
    os.mkdir(folder)
    subprocess.run(["openssl", "req", "-x509", *key, "-days", "365", "-subj", "/CN=corporate", "-keyout", f"{folder}/ca.key",
                    "-out", f"{folder}/ca.crt"], capture_output=True, check=True)
    return read(folder, "ca.crt")


@with_folder
def a_ca_of_any_kind_signs(scratch):
    for name, *key in (("rsa", "-newkey", "rsa:2048"), ("p384", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
                       ("ed25519", "-newkey", "ed25519")):
        folder = f"{scratch}/{name}"
        authority = bring_authority(folder, *key, "-nodes")
        status, out, err = certs("rotate", "--dir", folder, *SERVICE)
        expect(name, (status, err, "new certificate" in out, "new CA" in out), (0, "", True, False))
        expect("sound", certs("check", f"{folder}/tls.crt", f"{folder}/tls.key", "--ca", f"{folder}/ca.crt")[0], 0)
        assert count(read(folder, "ca.crt")) == count(authority) == 1


@with_folder
def a_key_that_is_encrypted_is_not_taken_for_none(scratch):
    folder = f"{scratch}/locked"
    bring_authority(folder, "-newkey", "rsa:2048", "-passout", "pass:secret")
    before = {name: read(folder, name) for name in os.listdir(folder)}
    expect("it is told", certs("rotate", "--dir", folder, *SERVICE),
           (2, "", "fairgate certs rotate: the CA's key is encrypted, which is not supported: store it without a passphrase, or take "
                   "it away, and a new CA is made\n"))
    expect("files", {name: read(folder, name) for name in os.listdir(folder) if not name.startswith("..")}, before)


@with_folder
def a_key_whose_halves_do_not_fit_is_of_no_use(scratch):
    for name, wanted in (("ca.key", "new CA"), ("tls.key", "new certificate, until 2027-04-01T01:00:00Z: the key there was is another one's")):
        folder = f"{scratch}/{name}"
        rotate_folder(folder, 0)
        spoil_key(f"{folder}/{name}")
        out = rotate_folder(folder, 1)
        assert wanted in out, out
        for hours in range(2, 5):
            assert believed(read(folder, "tls.crt"), read(folder, "ca.crt"), hours)
            out = rotate_folder(folder, hours)
        assert rotate_folder(folder, 5).startswith("nothing to do")


def pair_matches(folder):
    keys = [subprocess.run(["openssl", *command], capture_output=True, check=True).stdout for command in
            (["x509", "-in", f"{folder}/tls.crt", "-noout", "-pubkey"], ["pkey", "-in", f"{folder}/tls.key", "-pubout"])]
    return keys[0] == keys[1]


@with_folder
def a_folder_stands_whole_wherever_a_run_is_killed(scratch):
    made = f"{scratch}/made"
    expect("exit", certs("issue", "--dir", made, *SERVICE, "--time", at(0))[0], 0)
    plain = f"{scratch}/plain"
    os.mkdir(plain)
    for name in ["ca.crt", "ca.key", "tls.crt", "tls.key"]:
        shutil.copy(f"{made}/{name}", f"{plain}/{name}")
    old = read(made, "tls.crt")
    for start in (made, plain):
        ended = False
        for step in range(1, 200):
            folder = f"{scratch}/tried"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(start, folder, symlinks=True)
            run = subprocess.run([os.path.join(BUILD, "tests/commands/killed"), str(step), FAIRGATE, "certs", "rotate",
                                  "--dir", folder, *SERVICE, "--time", at(24 * 61)], capture_output=True, check=False,
                                 env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # which a traced program can't
            assert pair_matches(folder), f"step {step}"
            assert believed(read(folder, "tls.crt"), read(folder, "ca.crt"), 24 * 61), f"step {step}"
            if run.returncode == 0:
                ended = True
                break
            rotate_folder(folder, 24 * 61)
            assert read(folder, "tls.crt") != old and pair_matches(folder)
            expect("what is left", (len(glob.glob(f"{folder}/..state-*")), os.path.lexists(f"{folder}/..next")), (1, False))
        assert ended and step > 15, step


@with_folder
def a_folder_where_another_run_is_at_work_is_left_alone(scratch):
    import fcntl
    fd = os.open(scratch, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    status, out, err = certs("rotate", "--dir", scratch)
    os.close(fd)
    expect("exit", (status, out), (2, ""))
    assert "another run is at work here" in err, err
    expect("files", os.listdir(scratch), [])


@with_folder
def a_dry_run_writes_nothing(scratch):
    for folder in (scratch, f"{scratch}/new"):
        out = rotate_folder(folder, 0, "--dry-run")
        assert out.startswith("would be done: new CA "), out
    expect("files", os.listdir(scratch), [])


@with_folder
def options_of_a_cluster_are_for_no_folder(scratch):
    for option in (["--secret", "a"], ["--ca-secret", "a"], ["--webhooks", "a"], ["--expect-webhooks"]):
        status, out, err = certs("rotate", "--dir", scratch, *option)
        expect(option[0], (status, out), (2, ""))
        assert f"{option[0]} is for a cluster, and not for --dir" in err, err
    expect("files", os.listdir(scratch), [])


# ---- a cluster

SECRETS = "/api/v1/namespaces/gpu/secrets"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/"
CONFIGURATIONS = [WEBHOOKS + "validatingwebhookconfigurations/fairgate", WEBHOOKS + "mutatingwebhookconfigurations/fairgate"]


class Objects(FakeApi):
    """By their paths, with resourceVersions; what is wanted to go wrong goes wrong."""

    def __init__(self):
        super().__init__(self.step)
        self.objects, self.version = {}, 0
        self.fault = None  # called with (number of the write, method, path) before it: "refuse", "lose", None
        self.forbidden = None  # a method and the beginning of a path
        self.answers = None  # what every call gets: status, body

    def step(self, call):
        answer = self.serve(call.command, call.path, json.loads(call.content or "null"))
        if answer is None:
            call.cut()
        else:
            code, body = answer
            call.body(body if isinstance(body, bytes) else json.dumps(body), code)

    def missing(self, path):
        resource, name = path.split("/")[-2:]
        group = ".admissionregistration.k8s.io" if path.startswith(WEBHOOKS) else ""
        return 404, status(404, f'{resource}{group} "{name}" not found', "NotFound")

    def serve(self, method, path, body):
        if self.answers:
            return self.answers
        if self.forbidden and method == self.forbidden[0] and path.startswith(self.forbidden[1]):
            return 403, status(403, f'User "rotation" cannot do that to {path}', "Forbidden")
        if method == "GET":
            return (200, self.objects[path]) if path in self.objects else self.missing(path)
        fault = self.fault(len(self.writes), method, path) if self.fault else None
        if fault == "refuse":
            return 500, status(500, "etcdserver: request timed out", "InternalError")
        answer = self.write(method, path, body)
        return None if fault == "lose" else answer

    def write(self, method, path, body):
        if method == "POST":
            path += "/" + body["metadata"]["name"]
            if path in self.objects:
                return 409, status(409, f'"{path}" already exists', "AlreadyExists")
        elif path not in self.objects:
            return self.missing(path)
        elif body["metadata"].get("resourceVersion") != self.objects[path]["metadata"]["resourceVersion"]:
            return 409, status(409, "the object has been modified", "Conflict")
        self.put(path, body)
        return 201 if method == "POST" else 200, self.objects[path]

    def put(self, path, body):
        self.version += 1
        body = copy.deepcopy(body)
        body["metadata"].update({"resourceVersion": str(self.version), "uid": path})
        self.objects[path] = body

    # -- what tests ask

    def add_configurations(self):
        for path in CONFIGURATIONS:
            self.put(path, {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "fairgate"},
                            "webhooks": [{"name": f"{name}.fairgate.dev", "failurePolicy": "Fail",
                                          "clientConfig": {"url": f"https://127.0.0.1/{name}"}} for name in ("pods", "rest")]})

    def secret(self, name, key):
        data = self.objects.get(f"{SECRETS}/{name}", {}).get("data", {}).get(key)
        return base64.b64decode(data).decode() if data else None

    def served(self):
        return self.secret("fairgate-tls", "tls.crt")

    def bundles(self):
        """Those of the webhooks, and the published one."""
        found = [base64.b64decode(webhook["clientConfig"].get("caBundle", "")).decode()
                 for path in CONFIGURATIONS if path in self.objects for webhook in self.objects[path]["webhooks"]]
        return [*found, self.secret("fairgate-tls", "ca.crt") or ""]

    def all_believe(self, certificate, hours):
        return all(believed(certificate, bundle, hours) for bundle in self.bundles())


def with_api(function):
    @functools.wraps(function)
    def with_objects():
        with Objects() as api:
            api.add_configurations()
            function(api)

    return test(with_objects)


def rotate(api, hours, *arguments):
    return certs("rotate", "--kubeconfig", api.kubeconfig(), *SERVICE, "--time", at(hours), *arguments)


def rotated(api, hours, *arguments):
    status, out, err = rotate(api, hours, *arguments)
    expect("exit", (status, err), (0, ""))
    return out


@with_api
def a_cluster_gets_what_is_missing_and_a_second_run_writes_nothing(api):
    out = rotated(api, 0)
    expect("lines", [line.split(" ")[:2] for line in out.splitlines()], [["new", "CA"], ["trusted", "from"], ["new", "certificate,"]])
    assert api.all_believe(api.served(), 0)
    expect("what is kept of webhooks", api.objects[CONFIGURATIONS[0]]["webhooks"][1]["failurePolicy"], "Fail")
    expect("type", api.objects[f"{SECRETS}/fairgate-tls"]["type"], "kubernetes.io/tls")
    assert "PRIVATE KEY" in api.secret("fairgate-ca", "tls.key") and api.secret("fairgate-tls", "ca.key") is None
    writes = len(api.writes)
    rotated(api, 1)
    expect("writes", len(api.writes), writes)


@with_api
def certificates_are_trusted_before_they_are_served(api):
    rotated(api, 0)
    order = [path.rpartition("/")[2] + "/" + path.split("/")[-2] for _, path, _ in api.writes]
    expect("order", order, ["secrets/gpu", "fairgate/validatingwebhookconfigurations", "fairgate/mutatingwebhookconfigurations",
                            "secrets/gpu"])


@with_api
def a_new_ca_comes_in_three_runs(api):
    rotated(api, 0)
    first = api.served()
    assert "next: a run after 2027-01-01T02:00:00Z brings a certificate of the new CA" in rotated(api, 1, "--new-ca")
    expect("served", api.served(), first)
    expect("CAs", [count(bundle) for bundle in api.bundles()], [2] * 5)
    assert "next: a run after 2027-01-01T02:00:00Z" in rotated(api, 1.5, "--new-ca")
    assert "next: a run after 2027-01-01T03:00:00Z lets the old CA go" in rotated(api, 2)
    assert api.served() != first and api.all_believe(first, 2) and api.all_believe(api.served(), 2)
    rotated(api, 3)
    expect("CAs", [count(bundle) for bundle in api.bundles()], [1] * 5)
    assert api.all_believe(api.served(), 3)


@with_api
def every_write_may_fail_or_its_answer_be_lost(api):
    """The runs of a whole change of the CA, cut at each write."""
    for fault in ("refuse", "lose"):
        for cut in range(1, 14):
            api.objects.clear()
            api.add_configurations()
            api.fault = None
            api.writes.clear()
            rotated(api, 0)
            served, hours, is_cut, written = api.served(), 1, False, len(api.writes)
            api.fault = lambda number, method, path: fault if number == written + cut else None
            rotate(api, hours, "--new-ca")
            for _ in range(6):
                assert api.all_believe(served, hours) and api.all_believe(api.served(), hours), (fault, cut, hours)
                served = api.served()
                hours += 1
                status, out, err = rotate(api, hours)
                is_cut |= status == 2
                if status == 2:
                    assert err.count("\n") == 1, err
            api.fault = None
            assert "nothing to do" in rotated(api, hours), (fault, cut)
            expect((fault, cut, "CAs"), [count(bundle) for bundle in api.bundles()], [1] * 5)


@with_api
def two_runs_at_once_do_not_mix(api):
    """While one run is between reading and writing, another one does all of its work."""
    rotated(api, 0)
    for number in range(1, 5):
        first, started = api.served(), []

        def other(write, method, path):
            if write == start + number and not started:
                started.append(True)
                api.fault = None
                rotated(api, hours, "--new-ca")
            return None

        start, hours = len(api.writes), number * 10
        api.fault = other
        rotated(api, hours, "--new-ca")
        assert started and api.all_believe(first, hours) and api.all_believe(api.served(), hours)
        expect("CAs", {count(bundle) for bundle in api.bundles()}, {2})
        rotated(api, hours + 1), rotated(api, hours + 2)
        expect("CAs", [count(bundle) for bundle in api.bundles()], [1] * 5)
        assert api.served() != first and api.all_believe(api.served(), hours + 2)


@with_api
def a_missing_permission_is_named_with_the_rule_that_grants_it(api):
    rows = [("GET", SECRETS + "/fairgate-ca", 'a Role in the namespace must allow {apiGroups: [""], resources: ["secrets"], '
             'resourceNames: ["fairgate-ca"], verbs: ["get"]}'),
            ("GET", CONFIGURATIONS[1], 'a ClusterRole must allow {apiGroups: ["admissionregistration.k8s.io"], resources: '
             '["mutatingwebhookconfigurations"], resourceNames: ["fairgate"], verbs: ["get"]}'),
            ("POST", SECRETS, 'a Role in the namespace must allow {apiGroups: [""], resources: ["secrets"], verbs: ["create"]}'),
            ("PUT", CONFIGURATIONS[0], '["validatingwebhookconfigurations"], resourceNames: ["fairgate"], verbs: ["update"]}')]
    for method, path, wanted in rows:
        api.objects.clear()
        api.add_configurations()
        api.forbidden = (method, path)
        status, out, err = rotate(api, 0)
        expect("exit", (status, out, err.count("\n")), (2, "", 1))
        assert wanted in err, (wanted, err)
    api.forbidden = None
    assert "new certificate" in rotated(api, 0)


@with_api
def an_api_server_that_answers_nonsense_is_one_line(api):
    for answer, wanted in [((500, b"oops"), "the API server answers 500: oops"), ((200, b"[]"), "the API server answers no object"),
                           ((200, b"{"), "the API server answers no object"),
                           ((404, b"nginx"), "the API server answers 404: nginx")]:
        api.answers = answer
        status, out, err = rotate(api, 0)
        expect("exit", (status, out, err.count("\n")), (2, "", 1))
        assert wanted in err and 'Secret "fairgate-ca"' in err, (wanted, err)
    api.answers = None


@with_api
def webhooks_that_are_not_there_are_told(api):
    del api.objects[CONFIGURATIONS[1]]
    assert 'there is no MutatingWebhookConfiguration "fairgate"' in rotated(api, 0)
    del api.objects[CONFIGURATIONS[0]]
    status, out, _ = rotate(api, 0)
    expect("exit", status, 1)
    assert 'there is no ValidatingWebhookConfiguration "fairgate"' in out, out


@with_api
def webhooks_that_are_expected_must_be_there(api):
    """Those that come after the run would not be believed before the next one, a day later."""
    api.objects[CONFIGURATIONS[0]]["webhooks"] = []
    del api.objects[CONFIGURATIONS[1]]["webhooks"]
    assert "there is no" not in rotated(api, 0)
    status, out, err = rotate(api, 1, "--expect-webhooks")
    expect("exit", (status, err), (1, ""))
    expect("lines", out.splitlines()[1:], ['there is no webhook in the ValidatingWebhookConfiguration "fairgate"',
                                           'there is no webhook in the MutatingWebhookConfiguration "fairgate"'])
    del api.objects[CONFIGURATIONS[0]]
    status, out, err = rotate(api, 1, "--expect-webhooks", "-o", "json")
    expect("exit", (status, err), (1, ""))
    expect("missing", json.loads(out)["missing"], ['ValidatingWebhookConfiguration "fairgate"',
                                                   'webhook in the MutatingWebhookConfiguration "fairgate"'])
    api.add_configurations()
    del api.objects[CONFIGURATIONS[0]]
    expect("exit", rotate(api, 2, "--expect-webhooks")[0], 1)  # what is there is believed all the same
    assert api.all_believe(api.served(), 2)
    api.add_configurations()
    rotated(api, 3, "--expect-webhooks")
    assert api.all_believe(api.served(), 3)
    expect("bundles", len(api.bundles()), 5)


@with_api
def a_dry_run_in_a_cluster_writes_nothing(api):
    out = rotated(api, 0, "--dry-run")
    expect("lines", [line.split(" ")[0] for line in out.splitlines()], ["would"] * 3)
    expect("writes", api.writes, [])
    answer = json.loads(rotated(api, 0, "--dry-run", "-o", "json"))
    expect("keys", sorted(answer), ["ca", "certificate", "changes", "dryRun", "missing", "next"])
    expect("dryRun", answer["dryRun"], True)


@with_api
def the_ca_has_a_secret_of_its_own(api):
    for names in (["--secret", "one", "--ca-secret", "one"], ["--secret", "fairgate-ca"]):
        status, out, err = rotate(api, 0, *names)
        expect("exit", (status, out), (2, ""))
        assert f'--secret and --ca-secret name the same one, "{names[1]}"' in err, err
    expect("writes", api.writes, [])


@with_api
def what_somebody_broke_is_mended(api):
    rotated(api, 0)
    secret = api.objects[f"{SECRETS}/fairgate-tls"]
    for key, value in [("tls.key", api.objects[f"{SECRETS}/fairgate-ca"]["data"]["tls.key"]), ("tls.crt", "!"), ("tls.crt", 7),
                       ("ca.crt", ""), ("tls.key", base64.b64encode(b"none").decode())]:
        secret["data"][key] = value
        api.put(f"{SECRETS}/fairgate-tls", secret)
        rotated(api, 1)
        assert api.all_believe(api.served(), 1), key
        expect(key, certs_sound(api, 1), 0)
        secret = api.objects[f"{SECRETS}/fairgate-tls"]
    for bundle in ("", "!", base64.b64encode(b"no PEM").decode()):
        webhook = api.objects[CONFIGURATIONS[1]]
        webhook["webhooks"][1]["clientConfig"]["caBundle"] = bundle
        api.put(CONFIGURATIONS[1], webhook)
        before = api.served()
        rotated(api, 1)
        assert api.served() == before and api.all_believe(before, 1)


def certs_sound(api, hours):
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tls.crt", "tls.key", "ca.crt"):
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(api.secret("fairgate-tls", name))
        return certs("check", f"{folder}/tls.crt", f"{folder}/tls.key", "--ca", f"{folder}/ca.crt", "--host", HOST, "--time", at(hours))[0]


@with_folder
def one_place_is_named(scratch):
    for arguments in ([], ["--dir", scratch, "--in-cluster"], ["--in-cluster", "--kubeconfig", "f"]):
        status, out, err = certs("rotate", *arguments)
        expect("exit", (status, out), (2, ""))
        assert "expected one of --dir, --kubeconfig and --in-cluster" in err, err
    status, _, err = certs("rotate", "--in-cluster", env={"PATH": os.environ["PATH"]})
    assert status == 2 and "this is no pod of a cluster" in err, err


if __name__ == "__main__":
    main()
