#!/usr/bin/env python3
"""`fairgate certs issue` and `check`: what is issued is accepted for its names and for no others, by OpenSSL's own program
and by Python's TLS; of chains that `openssl` made with a fault each, every fault is told."""

import contextlib
import functools
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../server"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from serving import expect, main, run, spoil_key, with_folder

certs = functools.partial(run, "certs")


def issue(folder, *arguments):
    status, _, err = certs("issue", "--dir", folder, *arguments)
    assert status == 0, err
    return folder


def openssl(*arguments, stdin=None):
    run = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, input=stdin)
    return run.returncode, run.stdout + run.stderr


def text_of(path):
    status, text = openssl("x509", "-in", path, "-noout", "-text")
    assert status == 0, text
    return text


# ---- issue

SERVICE_NAMES = ["hook", "hook.gpu", "hook.gpu.svc", "hook.gpu.svc.cluster.local"]


def issued(folder):
    return issue(folder, "--service", "hook", "--namespace", "gpu", "--dns", "hook.example.com", "--dns",
                 "*.hooks.example.com", "--ip", "192.0.2.7", "--ip", "2001:db8::7")


@with_folder
def openssl_accepts_it_for_its_names_and_addresses_and_no_others(scratch):
    folder = issued(scratch)
    base = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", f"{folder}/ca.crt"]
    for name in [*SERVICE_NAMES, "hook.example.com", "a.hooks.example.com"]:
        expect(name, openssl(*base, "-verify_hostname", name, f"{folder}/tls.crt")[0], 0)
    for name in ["hook.other.svc", "gpu", "hook.gpu.svc.cluster", "example.com", "a.b.hooks.example.com"]:
        expect(name, openssl(*base, "-verify_hostname", name, f"{folder}/tls.crt")[0], 2)
    for address, wanted in [("192.0.2.7", 0), ("2001:db8::7", 0), ("192.0.2.8", 2)]:
        expect(address, openssl(*base, "-verify_ip", address, f"{folder}/tls.crt")[0], wanted)


def handshake(server, client, name):
    """What the client makes of the server; None where it is satisfied."""
    ours, theirs = socket.socketpair()

    def serve():
        with contextlib.suppress(OSError), server.wrap_socket(theirs, server_side=True) as served:
            served.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name):
            return None
    except ssl.SSLCertVerificationError as problem:
        return problem.verify_message
    finally:
        ours.close()
        thread.join()


@with_folder
def python_accepts_it_for_its_names_and_no_others(scratch):
    folder = issued(scratch)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    client = ssl.create_default_context(cafile=f"{folder}/ca.crt")
    for name in SERVICE_NAMES:
        expect(name, handshake(server, client, name), None)
    assert "Hostname mismatch" in handshake(server, client, "hook.other.svc")
    other = issue(scratch + "/other")
    stranger = ssl.create_default_context(cafile=f"{other}/ca.crt")
    assert "unable to get local issuer" in handshake(server, stranger, "hook")


@with_folder
def it_lasts_90_days_and_its_ca_a_year_and_both_begin_5_minutes_ago(scratch):
    folder = issue(scratch, "--time", "2027-01-01T00:00:00Z")
    for name, ends in [("ca", "Jan  1 00:00:00 2028"), ("tls", "Apr  1 00:00:00 2027")]:
        text = text_of(f"{folder}/{name}.crt")
        assert re.search("Not Before: Dec 31 23:55:00 2026 GMT", text), text
        assert re.search(f"Not After : {ends} GMT", text), text


@with_folder
def it_never_outlasts_its_ca(scratch):
    folder = issue(scratch, "--time", "2027-01-01T00:00:00Z", "--days-ca", "30", "--days", "90")
    assert "Not After : Jan 31 00:00:00 2027 GMT" in text_of(f"{folder}/tls.crt")


@with_folder
def extensions_say_what_each_is_for(scratch):
    folder = issue(scratch)
    ca, server = (re.sub(r"\s+", " ", text_of(f"{folder}/{name}.crt")) for name in ("ca", "tls"))
    for wanted in ["Basic Constraints: critical CA:TRUE, pathlen:0", "Key Usage: critical Certificate Sign, CRL Sign",
                   "Subject Key Identifier:", "Authority Key Identifier:"]:
        assert wanted in ca, (wanted, ca)
    for wanted in ["Basic Constraints: critical CA:FALSE", "Key Usage: critical Digital Signature",
                   "Extended Key Usage: TLS Web Server Authentication", "Subject Key Identifier:",
                   "Authority Key Identifier:", "Public-Key: (256 bit)", "NIST CURVE: P-256"]:
        assert wanted in server, (wanted, server)


@with_folder
def serial_numbers_are_random_and_of_128_bits(scratch):
    serials = []
    for i in range(4):
        folder = issue(f"{scratch}/{i}")
        serials += [int(openssl("x509", "-in", f"{folder}/{name}.crt", "-noout", "-serial")[1].split("=")[1], 16)
                    for name in ("ca", "tls")]
    expect("different ones", len(set(serials)), 8)
    # That all eight are shorter than 120 bits happens once in 2^64 times.
    assert all(0 < serial < 2**128 for serial in serials) and max(serials) >= 2**120, serials


@with_folder
def keys_are_for_their_owner_alone_whatever_the_umask(scratch):
    folder = f"{scratch}/made"
    expect("exit", certs("issue", "--dir", folder, preexec_fn=lambda: os.umask(0))[0], 0)
    modes = {name: oct(os.stat(f"{folder}/{name}").st_mode & 0o777) for name in ("ca.key", "tls.key", "ca.crt", "tls.crt")}
    expect("modes", modes, {"ca.key": "0o600", "tls.key": "0o600", "ca.crt": "0o644", "tls.crt": "0o644"})


@with_folder
def nothing_is_overwritten(scratch):
    for name in ["ca.crt", "ca.key", "tls.crt", "tls.key"]:
        folder = f"{scratch}/with-{name}"
        os.mkdir(folder)
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write("mine")
        status, out, err = certs("issue", "--dir", folder)
        expect("exit", (status, out), (2, ""))
        assert f"{folder}/{name} is there already" in err, err
        expect("what is there", os.listdir(folder), [name])
        with open(f"{folder}/{name}", encoding="utf-8") as file:
            expect("what is in it", file.read(), "mine")


@with_folder
def nothing_is_left_where_a_write_fails(scratch):
    import resource

    def no_room():  # the CA fits, the server's certificate does not
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700))

    status, out, err = certs("issue", "--dir", scratch, preexec_fn=no_room)
    expect("exit", (status, out), (2, ""))
    assert f"{scratch}/tls.crt: File too large" in err, err
    expect("what is left", os.listdir(scratch), [])


@with_folder
def names_that_can_not_be_are_refused(scratch):
    for arguments, wanted in [(["--service", "Hook_1"], 'expected a DNS name, got "Hook_1"'),
                              (["--dns", "a,DNS:b"], 'expected a DNS name, got "a,DNS:b"'),
                              (["--dns", "a..b"], 'expected a DNS name, got "a..b"'),
                              (["--dns", "*"], 'expected a DNS name, got "*"'),
                              (["--dns", "192.0.2.7"], 'expected a DNS name, got "192.0.2.7"'),
                              (["--dns", "a" * 64], f'expected a DNS name, got "{"a" * 64}"'),
                              (["--ip", "192.0.2.256"], 'expected an IP address, got "192.0.2.256"'),
                              (["--days", "0"], "--days: expected 1 to 3650")]:
        status, _, err = certs("issue", "--dir", f"{scratch}/never", *arguments)
        expect("exit", status, 2)
        assert wanted in err, (wanted, err)
        expect("the folder", os.path.exists(f"{scratch}/never"), False)


# ---- check

class Maker:
    """Certificates as `openssl` makes them."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, name, *extensions, issuer=None, key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
             digest="-sha256"):
        signer = ["-CA", self.path(issuer + ".crt"), "-CAkey", self.path(issuer + ".key")] if issuer else []
        added = [word for extension in extensions for word in ("-addext", extension)]
        status, text = openssl("req", "-x509", *key, "-noenc", digest, "-days", "90", "-subj", f"/CN={name}",
                               "-config", self.config(), *added, *signer, "-keyout", self.path(name + ".key"),
                               "-out", self.path(name + ".crt"))
        assert status == 0, text

    def config(self):
        path = self.path("config")
        with open(path, "w", encoding="utf-8") as file:
            file.write("[req]\ndistinguished_name = dn\n[dn]\n")
        return path

    def ca(self, name="ca", issuer=None, **options):
        self.make(name, "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign", issuer=issuer, **options)

    def leaf(self, name="leaf", *extensions, issuer="ca", **options):
        self.make(name, *(extensions or ["subjectAltName=DNS:hook", "extendedKeyUsage=serverAuth"]), issuer=issuer, **options)

    def joined(self, *names):
        path = self.path("chain.pem")
        with open(path, "w", encoding="utf-8") as file:
            for name in names:
                with open(self.path(name + ".crt"), encoding="utf-8") as part:
                    file.write(part.read())
        return path

    def problems(self, *arguments, wanted_status=None):
        """What check finds: [code...], and all its messages."""
        status, out, err = certs("check", "-o", "json", *arguments)
        assert err == "" and status in (0, 1), (status, out, err)
        answer = json.loads(out)
        expect("sound and exit agree", answer["sound"], status == 0)
        if wanted_status is not None:
            expect("exit", status, wanted_status)
        return ([problem["problem"] for problem in answer["problems"]],
                "\n".join(problem["message"] for problem in answer["problems"]))


def rsa(bits):
    return ("-newkey", f"rsa:{bits}")


@with_folder
def what_is_issued_is_sound_and_says_when_it_ends(scratch):
    folder = issue(scratch, "--time", "2027-01-01T00:00:00Z")
    status, out, _ = certs("check", f"{folder}/tls.crt", f"{folder}/tls.key", "--ca", f"{folder}/ca.crt", "--host",
                           "fairgate.fairgate.svc", "--time", "2027-01-02T00:00:00Z")
    expect("exit", status, 0)
    expect("what is told", out.splitlines(),
           ["sound, for fairgate, fairgate.fairgate, fairgate.fairgate.svc, fairgate.fairgate.svc.cluster.local",
            "ends at 2027-04-01T00:00:00Z: CN=fairgate.fairgate.svc.cluster.local"])


@with_folder
def dates_are_looked_at_to_the_second(scratch):
    folder = issue(scratch, "--time", "2027-01-01T00:00:00Z")
    maker = Maker(folder)
    for time, wanted in [("2026-12-31T23:54:59Z", ["not-yet-valid"]), ("2026-12-31T23:55:00Z", []),
                         ("2027-03-18T00:00:00Z", []), ("2027-03-18T00:00:01Z", ["ends-soon"]),
                         ("2027-04-01T00:00:00Z", ["ends-soon"]), ("2027-04-01T00:00:01Z", ["expired"])]:
        expect(time, maker.problems(f"{folder}/tls.crt", "--time", time)[0], wanted)
    _, words = maker.problems(f"{folder}/tls.crt", "--time", "2027-04-03T05:00:00Z")
    assert "expired at 2027-04-01T00:00:00Z, 2 days ago" in words, words
    expect("days of one's own", maker.problems(f"{folder}/tls.crt", "--time", "2027-01-01T00:00:00Z", "--days", "91")[0],
           ["ends-soon"])


@with_folder
def the_first_end_of_the_chain_counts(scratch):
    folder = issue(scratch, "--time", "2027-01-01T00:00:00Z", "--days-ca", "100")
    maker = Maker(folder)
    codes, words = maker.problems(f"{folder}/tls.crt", "--ca", f"{folder}/ca.crt", "--time", "2027-05-01T00:00:00Z")
    expect("both have ended", codes, ["expired", "expired"])
    assert "CN=fairgate CA" in words, words


@with_folder
def a_key_of_another_certificate(scratch):
    issue(f"{scratch}/a"), issue(f"{scratch}/b")
    codes, _ = Maker(scratch).problems(f"{scratch}/a/tls.crt", f"{scratch}/b/tls.key", wanted_status=1)
    expect("problems", codes, ["other-key"])
    spoil_key(f"{scratch}/a/tls.key")
    codes, _ = Maker(scratch).problems(f"{scratch}/a/tls.crt", f"{scratch}/a/tls.key", wanted_status=1)
    expect("one whose private half is another's", codes, ["other-key"])


@with_folder
def faults_of_the_servers_certificate(scratch):
    maker = Maker(scratch)
    maker.ca()
    rows = [
        ("a common name only", ["extendedKeyUsage=serverAuth"], {}, ["no-names"], "the common name is not looked at"),
        ("another host", ["subjectAltName=DNS:other,IP:192.0.2.1"], {}, ["other-host"], "is not for hook but for other, 192.0.2.1"),
        ("for clients", ["subjectAltName=DNS:hook", "extendedKeyUsage=clientAuth"], {}, ["not-for-servers"], "serverAuth"),
        ("no usage named is any", ["subjectAltName=DNS:hook"], {}, [], ""),
        ("RSA of 1024 bits", ["subjectAltName=DNS:hook"], {"key": rsa(1024)}, ["weak-key"], "1024 bits; at least 2048"),
        ("RSA of 2048 bits", ["subjectAltName=DNS:hook"], {"key": rsa(2048)}, [], ""),
        ("P-192", ["subjectAltName=DNS:hook"], {"key": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-192")},
         ["weak-key"], "192 bits; at least 256"),
        ("P-521", ["subjectAltName=DNS:hook"], {"key": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521")}, [], ""),
        ("a curve that the API server doesn't know", ["subjectAltName=DNS:hook"],
         {"key": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1")},
         ["weak-key"], "its key is on the curve secp256k1; the API server knows P-256, P-384 and P-521"),
        ("a curve that is spelt out", ["subjectAltName=DNS:hook"],
         {"key": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit")},
         ["weak-key"], "its key is on a curve without a name; the API server knows P-256, P-384 and P-521"),
        ("Ed25519", ["subjectAltName=DNS:hook"], {"key": ("-newkey", "ed25519")}, [], ""),
        ("Ed448", ["subjectAltName=DNS:hook"], {"key": ("-newkey", "ed448")}, ["weak-key"], "neither RSA, ECDSA nor Ed25519"),
        ("SHA-1", ["subjectAltName=DNS:hook"], {"digest": "-sha1"}, ["weak-signature"], "SHA-1"),
        ("a CA", ["subjectAltName=DNS:hook", "basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign,digitalSignature"], {},
         ["is-ca"], "is a CA"),
        ("everything at once", ["extendedKeyUsage=clientAuth"], {"key": rsa(1024), "digest": "-sha1"},
         ["weak-key", "weak-signature", "no-names", "not-for-servers"], ""),
    ]
    for name, extensions, options, wanted, words in rows:
        maker.leaf("leaf", *extensions, **options)
        codes, messages = maker.problems(maker.path("leaf.crt"), "--ca", maker.path("ca.crt"), "--host", "hook")
        expect(name, codes, wanted)
        assert words in messages, (name, messages)


@with_folder
def faults_of_the_chain(scratch):
    maker = Maker(scratch)
    maker.ca("root"), maker.ca("other"), maker.ca("middle", issuer="root")
    maker.make("plain", issuer="root")  # without the CA flag
    maker.leaf(issuer="middle"), maker.leaf("of-plain", issuer="plain")
    rows = [
        ("whole", ["leaf", "middle"], "root", []),
        ("with the root", ["leaf", "middle", "root"], "root", []),
        ("to an authority in between", ["leaf"], "middle", []),
        ("nobody asks where it leads", ["leaf"], None, []),
        ("no intermediate", ["leaf"], "root", ["incomplete"]),
        ("the root before the intermediate", ["leaf", "root", "middle"], "root", ["order", "order"]),
        ("another CA", ["leaf", "middle", "root"], "other", ["other-ca"]),
        ("another CA, the root not sent", ["leaf", "middle"], "other", ["incomplete"]),
        ("one that nothing needs", ["leaf", "middle", "other"], "root", ["order"]),
        ("an authority that is none", ["of-plain", "plain"], "root", ["no-ca"]),
        ("the root first", ["root", "leaf"], None, ["is-ca", "no-names", "no-ca", "order"]),
    ]
    for name, names, root, wanted in rows:
        arguments = ["--ca", maker.path(root + ".crt")] if root else []
        codes, words = maker.problems(maker.joined(*names), *arguments)
        assert codes == wanted, (name, codes, words)


@with_folder
def of_an_authority_that_was_renewed_with_its_key_the_last_counts(scratch):
    maker = Maker(scratch)
    maker.ca(), maker.leaf()
    status, text = openssl("x509", "-in", maker.path("ca.crt"), "-signkey", maker.path("ca.key"), "-days", "10", "-out", maker.path("before.crt"))
    assert status == 0, text
    for names, wanted in [(["before"], ["ends-soon"]), (["before", "ca"], []), (["ca", "before"], [])]:
        expect(names, maker.problems(maker.path("leaf.crt"), "--ca", maker.joined(*names))[0], wanted)


@with_folder
def a_path_longer_than_its_ca_allows_does_not_verify(scratch):
    maker = Maker(scratch)
    maker.make("root", "basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign")
    maker.ca("middle", issuer="root")
    maker.leaf(issuer="middle")
    codes, words = maker.problems(maker.joined("leaf", "middle"), "--ca", maker.path("root.crt"))
    expect("problems", codes, ["unverified"])
    assert "path length constraint exceeded" in words, words


@with_folder
def what_can_not_be_read_is_another_exit_code(scratch):
    maker = Maker(scratch)
    maker.ca(), maker.leaf()
    with open(maker.path("leaf.crt"), encoding="utf-8") as file:
        good = file.read()
    lines = good.splitlines()
    encrypted = openssl("pkey", "-in", maker.path("leaf.key"), "-aes128", "-passout", "pass:secret")[1]
    rows = [("nothing", "", "expected certificates as PEM, found none"),
            ("words", "certificates were here\n", "expected certificates as PEM, found none"),
            ("a line less", "\n".join(lines[:3] + lines[4:]) + "\n", "certificate 1 is broken"),
            ("no end", "\n".join(lines[:-1]), "broken PEM after 0 certificates"),
            ("the second has none", good + "\n".join(lines[:-1]), "broken PEM after 1 certificate"),
            ("not base64", good.replace(lines[2], "*" * 64), "broken PEM after 0 certificates"),
            ("a key with a passphrase", good + encrypted, "encrypted, which is not supported"),
            ("too many", good * 65, "more than 64 certificates"),
            ("too much", good + "x" * 2**20, "larger than 1048576 bytes")]
    for name, text, wanted in rows:
        with open(maker.path("tried.pem"), "w", encoding="utf-8") as file:
            file.write(text)
        status, out, err = certs("check", maker.path("tried.pem"))
        expect(name, (status, out), (2, ""))
        assert wanted in err and maker.path("tried.pem") in err, (name, err)
    expect("no file", certs("check", maker.path("none"))[0], 2)


@with_folder
def what_stands_around_the_blocks_is_passed_over(scratch):
    maker = Maker(scratch)
    maker.ca(), maker.leaf()
    with open(maker.path("leaf.crt"), encoding="utf-8") as file:
        text = "subject=CN = leaf\n" + file.read().replace("\n", "\r\n") + "# the end\n"
    with open(maker.path("tried.pem"), "w", encoding="utf-8") as file:
        file.write(text)
    expect("problems", maker.problems(maker.path("tried.pem"), wanted_status=0)[0], [])


if __name__ == "__main__":
    main()
