"""Several fairgates at a time in front of one control plane, and what is done to them on purpose."""

import contextlib
import os
import random
import signal
import time

from control_plane import Failed, free_ports, wait_until
from link import Link
from webhook import FAIRGATE, Webhook

SEED = int(os.environ.get("SEED") or random.randrange(10**6))
WITHOUT = os.path.join(os.path.dirname(FAIRGATE), "tests/e2e/without_")  # builds that lack a rule
LONG = 12  # seconds: more than the API server takes for a create, and than fairgate waits for it in these stories


class Replicas(Webhook):
    """Each with a way of its own to the API server. It asks them through one balancer, or each for every object."""

    def __init__(self, plane, count, each_asked=False, without=None):
        super().__init__(plane)
        self.replicas = [Webhook(plane, f"fairgate-{number}", Link(plane.server_port, certs=plane.certs))
                         for number in range(1, count + 1)]
        for replica in self.replicas:
            replica.program = WITHOUT + without if without else FAIRGATE
        self.each_asked = each_asked
        self.fronts = [Link() for _ in range(len(self.replicas) if self.each_asked else 1)]
        self.direct()

    def direct(self, without=None):
        """New connections go to where replicas listen now; to `without` only where there is no other."""
        ports = [[replica.port()] for replica in self.replicas]
        if not self.each_asked:
            ports = [sum((port for port, replica in zip(ports, self.replicas) if replica != without), []) or ports[0]]
        for front, to in zip(self.fronts, ports):
            front.tell("to", *to)

    # ---- as one

    def start(self, name=None):
        for replica in self.replicas:
            replica.options = self.options
            replica.start()

    def environment(self):
        admins = " ".join(replica.admin for replica in self.replicas if replica.admin)
        return {**self.replicas[0].environment(), "FAIRGATE_ADMINS": admins}

    def addresses(self):
        return {f"fairgate-{number}": front.address for number, front in enumerate(self.fronts, 1)}

    def decisions(self):
        return {phase: sum(replica.decisions()[phase] for replica in self.replicas) for phase in ("mutate", "validate")}

    def stop(self):
        for replica in self.replicas:
            replica.stop()

    def kill(self):
        for replica in self.replicas:
            replica.kill()
        for link in (*self.fronts, self.link):
            link.stop()


class Trouble:
    """One thing after another is done to replicas, their watches, their writes, what they wrote, and the API server, in an
    order of chance."""

    HOW_OFTEN = {"killed": 3, "stopped and continued": 2, "restarted": 2, "rolled": 1, "watches delayed": 5,
                 "answers lost": 5, "API server restarted": 1, "TenantUsage deleted": 1, "TenantUsage edited": 1}

    def __init__(self, plane, webhook, seed):
        self.plane, self.webhook = plane, webhook
        self.chance = random.Random(seed)
        self.done = dict.fromkeys(self.HOW_OFTEN, 0)
        self.deck = []

    def go_on_until(self, is_over):
        while not is_over():
            if not self.deck:
                self.deck = [what for what, times in self.HOW_OFTEN.items() for _ in range(times)]
                self.chance.shuffle(self.deck)
            what = self.deck.pop()
            getattr(self, what.replace(" ", "_").lower())(self.chance.choice(self.webhook.replicas))
            self.done[what] += 1
            self.pause(1)
        self.end()

    def end(self):
        for replica in self.webhook.replicas:
            replica.link.tell("delays", 0)
            replica.link.tell("loses", 0)

    def report(self):
        self.done["answers lost"] = sum(replica.link.lost for replica in self.webhook.replicas)
        return ", ".join(f"{what} {times}" for what, times in self.done.items())

    def pause(self, seconds):
        """As long on the average."""
        time.sleep(self.chance.uniform(0, 2 * seconds))

    # ---- what is done

    @contextlib.contextmanager
    def away(self, replica):
        """Some time later it is seen that it doesn't answer, and at once that it does again."""
        self.pause(1)
        self.webhook.direct(without=replica)
        yield
        self.webhook.direct()

    def killed(self, replica):
        replica.process.stop(0)
        with self.away(replica):
            replica.start()

    def stopped_and_continued(self, replica):
        """Now and then longer than anything may take that was under way."""
        replica.process.process.send_signal(signal.SIGSTOP)
        with self.away(replica):
            time.sleep(self.chance.choice([1, 3, LONG]))
            replica.process.process.send_signal(signal.SIGCONT)

    def restarted(self, replica):
        replica.stop()
        with self.away(replica):
            replica.start()

    def rolled(self, _):
        """One after another is replaced, each while the one before it still answers."""
        for replica in self.webhook.replicas:
            old = replica.process
            replica.listen = f"127.0.0.1:{free_ports(1)[0]}"
            replica.start(f"{replica.name}-{self.done['rolled'] + 1}")  # two in one log would be taken for each other
            self.webhook.direct()
            old.ask_to_end()
            self.pause(1)
            status = old.stop(120)
            if status not in (0, 1):
                raise Failed(f"fairgate ended with {status}")

    def watches_delayed(self, replica):
        replica.link.tell("delays", self.chance.choice([0, 0, 200, 1000, 3000]))

    def answers_lost(self, replica):
        replica.link.tell("loses", self.chance.randint(1, 20))

    def api_server_restarted(self, _):
        self.plane.stop_api_server()
        self.pause(1)
        self.plane.start_api_server()
        wait_until("webhooks after a restart", self.webhook.probe)

    def usage(self):
        return self.chance.choice(self.plane.kubectl("get", "tenantusages", "-o", "name")[1].split())

    def tenantusage_deleted(self, _):
        self.plane.kubectl("delete", self.usage())

    def tenantusage_edited(self, _):
        """What is reserved in it is not any more."""
        self.plane.kubectl("patch", self.usage(), "--type=merge", "-p", '{"spec":{"reservations":[]}}')
