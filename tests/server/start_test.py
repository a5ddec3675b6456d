#!/usr/bin/env python3
"""What is missing or wrong is told in one line, before anything listens."""

import json
import os
import re
import socket

from serving import (Server, certificates, main, policies, review, pod, run, scratch, state, test,
                     weak, write)


def call(**changes):
    """serve with everything in order but for the changes; None leaves an option out."""
    certs = certificates()
    options = {"policies": policies(), "tls_cert": f"{certs}/server.crt",
               "tls_key": f"{certs}/server.key", "listen": "127.0.0.1:0", "admin": "127.0.0.1:0",
               "state": state(), **changes}
    arguments = []
    for name, value in options.items():
        if value is True:
            arguments.append("--" + name.replace("_", "-"))
        elif value is not None:
            arguments += ["--" + name.replace("_", "-"), value]
    return run("serve", *arguments)


def assert_one_line(result, *words):
    code, out, err = result
    assert code == 2 and out == "", result
    assert err.count("\n") == 1 and err.startswith("fairgate serve: "), err
    for word in words:
        assert word in err, (word, err)


@test
def missing_files_are_named():
    for option in ("policies", "tls_cert", "tls_key", "client_ca", "state"):
        assert_one_line(call(**{option: "/nonexistent/x"}), "/nonexistent/x",
                        "No such file or directory")
    assert_one_line(call(audit_log="/nonexistent/x"), "--audit-log: /nonexistent/x: No such file or directory")
    assert_one_line(call(audit_log=""), "--audit-log: : No such file or directory")


@test
def missing_options_are_named():
    for option in ("policies", "tls_cert", "tls_key"):
        assert_one_line(call(**{option: None}), "--" + option.replace("_", "-"), "missing")


@test
def certificates_that_do_not_fit_are_named():
    certs, others = certificates(), certificates("others")
    assert_one_line(call(tls_key=f"{others}/server.key"), f"{others}/server.key",
                    f"{certs}/server.crt")
    assert_one_line(call(tls_cert=f"{certs}/server.key"), f"{certs}/server.key", "certificate")
    assert_one_line(call(tls_key=f"{certs}/server.crt"), f"{certs}/server.crt", "private key")
    empty = write(os.path.join(scratch(), "empty"), "")
    for option in ("tls_cert", "tls_key", "client_ca"):
        assert_one_line(call(**{option: empty}), empty)
    with open(f"{certs}/server.crt", encoding="utf-8") as file:
        text = file.read()
    broken = write(os.path.join(scratch(), "broken.crt"), text + text[:300])
    assert_one_line(call(tls_cert=broken), broken)


@test
def a_certificate_that_no_handshake_could_use_is_named():
    folder = weak(os.path.join(scratch(), "weak"))
    assert_one_line(call(tls_cert=f"{folder}/server.crt", tls_key=f"{folder}/server.key"),
                    f"{folder}/server.crt: no handshake can use it (ee key too small)")


@test
def a_key_with_a_passphrase_is_refused_without_asking():
    key = os.path.join(scratch(), "secret.key")
    os.system(f"openssl ec -in {certificates()}/server.key -aes256 -passout pass:x -out {key} "
              "2>/dev/null")
    assert_one_line(call(tls_key=key), key)


@test
def addresses_that_can_not_be_are_named():
    for option in ("listen", "admin"):
        for text in ("localhost:1", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "127.0.0.1:",
                     ":", ":x", "[]:1", "[::1:1", "1.2.3:1", "", "::1:80"):
            assert_one_line(call(**{option: text}), f"--{option}", f'"{text}"')


@test
def a_port_in_use_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = "127.0.0.1:%d" % other.getsockname()[1]
        for option in ("listen", "admin"):
            assert_one_line(call(**{option: taken}), f"--{option}", taken, "in use")
    with Server() as server:
        taken = "127.0.0.1:%d" % server.address[1]
        assert_one_line(call(listen=taken), taken, "in use")
        assert server.validate(review(pod("p")))["allowed"] is True


@test
def a_bad_state_file_is_named():
    bad = write(os.path.join(scratch(), "bad.json"), '{"kind": ')
    assert_one_line(call(state=bad), bad)


@test
def a_bad_policy_set_is_told_with_all_its_mistakes():
    folder = policies()
    write(f"{folder}/tenant.yaml",
          "apiVersion: fairgate.dev/v1alpha1\nkind: Tenant\nmetadata: {name: a}\nspec:\n"
          "  namespaces: [a]\n  gpus: {guarantied: 1}\n  sharing: {modes: [hole]}\n")
    code, out, err = call(policies=folder)
    assert code == 2 and out == "", (code, out, err)
    for word in ("tenant.yaml:6:10: ", "guaranteed", "tenant.yaml:7:21: ", "whole", "^\n"):
        assert word in err, (word, err)
    assert err.splitlines()[-1].startswith("fairgate serve: the policy set in " + folder), err


@test
def mistyped_options_get_a_hint():
    assert_one_line(call(idle_timeot="1s"), "--idle-timeot", "did you mean --idle-timeout?")
    assert_one_line(call(idle_timeout="soon"), "--idle-timeout", '"soon"')
    assert_one_line(call(threads="0"), "--threads", "1 to")
    code, _, err = run("serv")
    assert code == 2 and err == 'fairgate: unknown command "serv"; did you mean serve?\n', err


@test
def a_cluster_must_be_found_before_anything_listens():
    nowhere = "/nowhere/config"
    assert_one_line(call(kubeconfig=nowhere, state=None), "--kubeconfig", nowhere)
    assert_one_line(call(kubeconfig=nowhere), "--state is for a server without a cluster")
    assert_one_line(call(in_cluster=True, state=None), "--in-cluster")
    assert_one_line(call(in_cluster=True, kubeconfig=nowhere, state=None), "give one of them")


@test
def help_tells_every_option():
    code, out, err = run("serve", "--help")
    assert code == 0 and err == "", err
    for word in ("Usage: fairgate serve", "--client-ca FILE", "Exit codes:", "Examples:"):
        assert word in out, out
    assert run("help", "serve")[1] == out
    assert max(map(len, out.split("Examples:")[0].splitlines())) <= 100


@test
def version_names_the_libraries():
    code, out, err = run("version")
    assert code == 0 and err == "" and out.startswith("fairgate "), (out, err)
    told = json.loads(run("version", "-o", "json")[1])
    assert out.split()[1] == told["version"]
    assert set(told["libraries"]) == {"h2o", "openssl", "jansson", "libyaml", "pcre2", "libcurl"}, told
    assert all(re.match(r"\d+\.\d", text) for text in told["libraries"].values()), told
    assert run("--version")[1] == out
    shown = ["version: " + told["version"], "libraries:",
             *("  %s: %s" % library for library in told["libraries"].items())]
    assert run("version", "-o", "yaml")[1].replace('"', "").splitlines() == shown


if __name__ == "__main__":
    main()
