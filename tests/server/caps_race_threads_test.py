#!/usr/bin/env python3
"""Clients that ask at the same moment never get more together than the cap holds, and never less.

In each round the server is halted while the requests are sent, so that its threads find all of them
there when they go on. What was let in is freed by DELETE reviews. ROUNDS scales."""

import json
import os
import signal

from serving import Server, main, pod, policies, read_response, request_bytes, review, test

ROUNDS = int(os.environ.get("ROUNDS", "1000"))


class Client:
    """One connection that stays open."""

    def __init__(self, server, context):
        self.connection = server.connect(context)
        self.file = self.connection.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.connection.close()

    def answer(self, one):
        """Is it allowed? The denial must be the cap's."""
        status, _, text = read_response(self.file)
        assert status == 200, (status, text)
        response = json.loads(text)["response"]
        assert response["uid"] == one["request"]["uid"], response
        if not response["allowed"]:
            causes = {cause["reason"] for cause in response["status"]["details"]["causes"]}
            assert causes == {"tenant/team-a/gpus.guaranteed"}, response
        return response["allowed"]


def ask_at_once(server, clients, reviews):
    """Which of them are allowed; review i goes to client i."""
    server.signal(signal.SIGSTOP)
    os.waitpid(server.process.pid, os.WUNTRACED)  # until all its threads stand
    for client, one in zip(clients, reviews):
        client.connection.sendall(request_bytes("/validate", one))
    server.signal(signal.SIGCONT)
    return [client.answer(one) for client, one in zip(clients, reviews)]


def race(server, count, cap, rounds):
    context = server.context()
    clients = []
    try:
        for _ in range(count):
            clients.append(Client(server, context))
        for number in range(rounds):
            pods = [pod(f"p-{number}-{i}", 1) for i in range(count)]
            allowed = ask_at_once(server, clients, [review(one) for one in pods])
            assert sum(allowed) == cap, f"round {number}: {sum(allowed)} let in where {cap} fit"
            held = [one for one, is_in in zip(pods, allowed) if is_in]
            assert all(ask_at_once(server, clients, [review(one, "DELETE") for one in held]))
        gauge = [value for name, value in server.metrics().items()
                 if name.startswith("fairgate_tenant_gpus{")]
        assert set(map(float, gauge)) == {0}, gauge
    finally:
        for client in clients:
            client.__exit__()


@test
def eight_clients_want_one_gpu_each_where_five_are_free():
    with Server("--threads", "4") as server:
        race(server, 8, 5, ROUNDS)


@test
def sixty_four_connections_on_four_threads_against_a_cap_of_forty():
    with Server("--threads", "4", folder=policies(40)) as server:
        race(server, 64, 40, max(1, ROUNDS // 10))


@test
def one_pod_reviewed_by_many_at_once_is_counted_once():
    with Server("--threads", "4") as server:
        context = server.context()
        clients = [Client(server, context) for _ in range(16)]
        try:
            for number in range(max(1, ROUNDS // 10)):
                one = pod(f"p-{number}", 5)
                assert all(ask_at_once(server, clients, [review(one) for _ in clients])), number
                assert not any(ask_at_once(server, clients, [review(pod("other", 1)) for _ in clients]))
                assert all(ask_at_once(server, clients, [review(one, "DELETE")]))
        finally:
            for client in clients:
                client.__exit__()


@test
def dry_runs_hold_nothing():
    with Server("--threads", "4") as server:
        context = server.context()
        clients = [Client(server, context) for _ in range(16)]
        try:
            for number in range(max(1, ROUNDS // 20)):
                asked = [review(pod(f"p-{number}-{i}", 5), dry_run=True) for i in range(16)]
                assert all(ask_at_once(server, clients, asked)), number
        finally:
            for client in clients:
                client.__exit__()


if __name__ == "__main__":
    main()
