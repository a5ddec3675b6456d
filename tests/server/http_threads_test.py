#!/usr/bin/env python3
"""Requests, good and bad, and connections that misbehave while others are served."""

import json
import socket
import time

from serving import (PATIENCE, Server, in_threads, main, pod, read_response, request_bytes, review, test)

MIB = 1024 * 1024


def padded(size):
    """A review of that many bytes whose uid comes first."""
    body = review(pod("large"))
    body["request"]["object"]["metadata"]["annotations"] = {"pad": ""}
    text = json.dumps(body)
    at = text.index('"pad": "') + len('"pad": "')
    text = text[:at] + "x" * (size - len(text)) + text[at:]
    return body["request"]["uid"], text.encode()


@test
def wrong_path_method_and_body_get_their_status_and_a_line_of_text():
    with Server() as server:
        for method, path, body, status, allow in (
                ("POST", "/", "{}", 404, None), ("POST", "/validate/x", "{}", 404, None),
                ("POST", "/Validate", "{}", 404, None), ("GET", "/healthz", None, 404, None),
                ("GET", "/validate", None, 405, "POST"), ("PUT", "/mutate", "{}", 405, "POST"),
                ("DELETE", "/mutate", None, 405, "POST"), ("HEAD", "/validate", None, 405, "POST"),
                ("POST", "/validate", "{}", 400, None), ("POST", "/validate", None, 400, None),
                ("POST", "/validate", "[1, 2", 400, None), ("POST", "/mutate", "\0", 400, None)):
            got, headers, text = server.request(method, path, body)
            what = (method, path, body, got, text)
            assert got == status and headers["Allow"] == allow, what
            assert headers["Content-Type"].startswith("text/plain"), what
            assert method == "HEAD" or text.endswith(b"\n") and text.count(b"\n") == 1, what
            assert headers["Retry-After"] is None and headers["Location"] is None, what
            assert headers["Server"] is None, what
        refused = "fairgate_requests_refused_total"
        metrics = server.metrics()
        assert metrics[refused + '{reason="path"}'] == "4", metrics
        assert metrics[refused + '{reason="method"}'] == "4", metrics
        assert metrics[refused + '{reason="not_a_review"}'] == "4", metrics


@test
def a_query_and_other_ways_to_write_the_path_change_nothing():
    with Server() as server:
        for path in ("/validate", "/validate?timeout=10s", "/validate?", "/v%61lidate",
                     "/x/../validate"):
            assert server.validate(review(pod("p")), path=path)["allowed"] is True, path


@test
def both_phases_answer_in_their_way():
    with Server() as server:
        for path in ("/mutate", "/validate"):
            answer = server.validate(review(pod("p", 1)), path=path)
            assert answer["allowed"] is True, answer
            assert "patch" not in answer or path == "/mutate", answer


@test
def a_body_over_8_mib_is_denied_by_uid_and_over_32_mib_is_not_read():
    with Server() as server:
        for size in (8 * MIB + 1, 31 * MIB):
            uid, body = padded(size)
            answer = server.validate(body)
            assert answer["uid"] == uid and answer["allowed"] is False, answer
            assert "cluster/limits" in answer["status"]["message"], answer
        uid, body = padded(8 * MIB - 1)
        assert server.validate(body)["allowed"] is True
        with server.connect() as connection:
            connection.sendall(b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
                               % (32 * MIB + 1))
            status, headers, text = read_response(connection.makefile("rb"))
            assert status == 413 and headers["Content-Type"].startswith("text/plain"), text
        deadline = time.monotonic() + PATIENCE
        name = 'fairgate_requests_refused_total{reason="too_large"}'
        while server.metrics()[name] != "1" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.metrics()[name] == "1"


@test
def a_client_that_sends_too_much_reads_why():
    with Server("--threads", "1") as server:
        for body in (b"x" * (33 * MIB), [b"x" * MIB] * 40):  # the second in chunks
            for _ in range(3):
                status, headers, text = server.post("/validate", iter(body) if isinstance(body, list)
                                                    else body)
                assert status == 413 and headers["Connection"] == "close", (status, text)
        assert server.validate(review(pod("p")))["allowed"] is True


@test
def a_chunked_body_is_read_within_the_same_bound():
    with Server() as server:
        body = json.dumps(review(pod("p"))).encode()
        head = b"POST /validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        with server.connect() as connection:
            half = len(body) // 2
            connection.sendall(head + b"%x\r\n%s\r\n" % (half, body[:half]))
            connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body) - half, body[half:]))
            assert read_response(connection.makefile("rb"))[0] == 200


@test
def clients_that_wait_to_continue_are_told_to():
    with Server() as server:
        whole = request_bytes("/validate", review(pod("p")), b"Expect: 100-continue\r\n")
        at = whole.index(b"\r\n\r\n") + 4
        with server.connect() as connection, connection.makefile("rb") as file:
            connection.sendall(whole[:at])
            assert file.readline() == b"HTTP/1.1 100 Continue\r\n" and file.readline() == b"\r\n"
            connection.sendall(whole[at:])
            assert read_response(file)[0] == 200


@test
def a_truncated_body_is_answered_by_nobody_and_harms_nobody():
    with Server() as server:
        whole = request_bytes("/validate", review(pod("p")))
        for cut in (1, 30, len(whole) // 2, len(whole) - 1):
            with server.connect() as connection:
                connection.sendall(whole[:cut])
        # A body that ends early as far as JSON goes, but is complete as far as HTTP goes.
        body = review(pod("p"))
        text = json.dumps(body)
        answer = server.validate(text[:-20].encode())
        assert answer["uid"] == body["request"]["uid"] and answer["allowed"] is False, answer
        assert server.validate(review(pod("p")))["allowed"] is True


@test
def a_thousand_requests_on_one_connection():
    with Server("--threads", "2") as server:
        connection = server.http()
        connection.connect()
        first = connection.sock
        for i in range(1000):
            # The same pod again and again, as an API server does that repeats a create.
            answer = server.validate(review(pod(f"p-{i % 3}", 1, uid=f"u-{i % 3}")), connection)
            assert answer["allowed"] is True, answer
            assert connection.sock is first, "the connection was closed"
        connection.close()


@test
def pipelined_requests_are_answered_in_order():
    with Server() as server:
        reviews = [review(pod(f"p-{i}")) for i in range(50)]
        with server.connect() as connection:
            connection.sendall(b"".join(request_bytes("/validate", one) for one in reviews))
            with connection.makefile("rb") as file:
                for one in reviews:
                    status, _, text = read_response(file)
                    assert status == 200
                    assert json.loads(text)["response"]["uid"] == one["request"]["uid"]


@test
def a_slow_client_is_closed_by_the_idle_timeout_while_others_are_served():
    with Server("--idle-timeout", "5s", "--threads", "1") as server:
        whole = request_bytes("/validate", review(pod("p")))
        slow = server.connect()
        started = time.monotonic()
        closed = None
        for at in range(len(whole)):
            try:
                slow.sendall(whole[at:at + 1])
                slow.settimeout(0.05)
                if slow.recv(1) == b"":
                    closed = time.monotonic() - started
                    break
            except socket.timeout:
                pass
            except OSError:
                closed = time.monotonic() - started
                break
            slow.settimeout(PATIENCE)
            assert server.validate(review(pod("p")))["allowed"] is True
        slow.close()
        assert closed is not None and 4 < closed < 100, closed  # 120 s is what it takes untold


@test
def clients_that_do_not_read_do_not_hold_up_others():
    with Server("--threads", "1") as server:
        deaf = server.connect()
        deaf.settimeout(0.5)
        # More answers than the sockets' buffers hold, none of which is read.
        request = request_bytes("/validate", review(pod("p", 1, namespace="nobodys"))) * 200
        try:
            for _ in range(200):
                deaf.sendall(request)
        except OSError:
            pass
        for _ in range(20):
            assert server.validate(review(pod("p")))["allowed"] is True
        deaf.close()


@test
def connections_of_many_clients_at_once():
    with Server("--threads", "4") as server:
        context = server.context()

        def client(number):
            connection = server.http(context)
            for i in range(20):
                one = review(pod(f"p-{number}-{i}"))
                assert server.validate(one, connection)["allowed"] is True
            connection.close()

        in_threads(64, client)
        metrics = server.metrics()
        name = 'fairgate_decisions_total{phase="validate",verdict="allowed",tenant="team-a"}'
        assert metrics[name] == str(64 * 20), metrics[name]


if __name__ == "__main__":
    main()
