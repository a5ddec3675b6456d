"""Scenarios: a folder with a file `story`, whose steps are carried out in order; tests/README.md has the language."""

import os
import re
import signal
import subprocess
import time
import traceback

from control_plane import HERE, ROOT, USERS, Failed, end_with_us, wait_until
from release import Release
from replicas import SEED, Replicas, Trouble

COMMAND_SECONDS = 120   # unless a step says `within N s`
EVENTUALLY_SECONDS = 120
# Nothing that is capped is let in before that is over. Unless a story says otherwise, nothing in it takes so long to come.
REQUEST_TIMEOUT = "--request-timeout", "2s"
CLUSTER_WIDE = ("namespaces,nodes,priorityclasses,deviceclasses,clusterroles,clusterrolebindings,"
                "mutatingwebhookconfigurations,validatingwebhookconfigurations,"
                "validatingadmissionpolicies,validatingadmissionpolicybindings,customresourcedefinitions")

HEADER = re.compile(r"(policies|given|serve|api-server|replicas|without|chart|namespace +\S+): *(.*)")
REPLICAS = re.compile(r"([1-9])(, each asked)?")
PLAYS = re.compile(r"plays: *(\S+), *(.+)")
COMMAND = re.compile(r"(?:(eventually|meanwhile|for (\d+) s) +)?(?:within (\d+) s +)?as (\w+): *(.+)")
PROCESS = re.compile(r"fairgate: *(stops|starts|is replaced|reads \S+|starts, not ready: .+)|kube-apiserver: *(stops|starts)|"
                     r"link: *(works|hangs|breaks)|certificates: of a new CA, settled after \d+s|trouble: as long as that runs")


def must_be_user(number, name):
    if name not in USERS:
        raise Failed(f"line {number}: there is no user \"{name}\", but " + ", ".join(
            user for user in USERS if ":" not in user))


class Step:
    def __init__(self, number, text):
        self.number, self.text = number, text
        self.expected = None  # what it must print
        self.is_on_page = False  # in a folder of the story's own, as one who follows a page has it
        self.printed = ""  # what it printed last
        command = COMMAND.fullmatch(text)
        self.process = PROCESS.fullmatch(text) and text.replace(":", " ", 1).split()
        self.eventually = self.meanwhile = False
        if command:
            mode, self.stays, self.within, self.user, self.command = command.groups()
            must_be_user(number, self.user)
            self.eventually, self.meanwhile = mode == "eventually", mode == "meanwhile"
        elif not self.process:
            raise Failed(f"line {number}: expected \"as USER: COMMAND\", \"prints: TEXT\" or \"fairgate: ...\", "
                         f"got \"{text}\"")

    def seconds(self, default):
        return int(self.within or default)


class Story:
    """What a folder tells: who works where, what is there before, and the steps."""

    def __init__(self, folder):
        self.folder, self.name = folder, os.path.basename(folder)
        own = os.path.join(folder, "policies")
        self.policies = own if os.path.isdir(own) else os.path.join(ROOT, "policies/research-cluster")
        self.given, self.namespaces, self.steps = [], {}, []
        self.options = []  # of `fairgate serve`, beside those that it always has
        self.server_options = []  # of kube-apiserver
        self.replicas, self.each_asked = 0, False  # behind one address, or with one each, all of which are asked
        self.without = None  # a rule that they don't keep
        self.chart = None  # its values, where fairgate is installed by it
        self.installs = False  # the story itself installs it
        with open(os.path.join(folder, "story"), encoding="utf-8") as file:
            self.read(file.read().splitlines())
        if not self.steps:
            raise Failed("the story has no step")

    def read(self, lines):
        at = 0
        while at < len(lines):
            number, line = at + 1, lines[at].rstrip()
            at += 1
            if not line or line.startswith("#"):
                continue
            if not line.startswith("prints:"):
                self.read_line(number, line)
                continue
            text = line[len("prints:"):].strip()
            block = [text] if text else []
            while not text and at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                block.append(lines[at][4:].rstrip())
                at += 1
            self.expect(number, "\n".join(block).rstrip())

    def read_line(self, number, line):
        header, plays = HEADER.fullmatch(line), PLAYS.fullmatch(line)
        if plays:
            self.play_page(number, *plays.groups())
        elif not header:
            self.add_step(Step(number, line))
        elif self.steps:
            raise Failed(f"line {number}: \"{header[1]}\" stands before the first step")
        elif header[1] == "policies":
            self.policies = os.path.join(self.folder, header[2])
        elif header[1] == "serve":
            self.options = header[2].split()
        elif header[1] == "api-server":
            self.server_options = header[2].replace("=./", f"={self.folder}/").split()
        elif header[1] == "replicas":
            found = REPLICAS.fullmatch(header[2])
            if not found:
                raise Failed(f"line {number}: expected \"replicas: 3\" or \"replicas: 3, each asked\", got \"{line}\"")
            self.replicas, self.each_asked = int(found[1]), bool(found[2])
        elif header[1] == "chart":
            self.installs = header[2] == "installed by the story"
            self.chart = os.path.join(self.folder, header[2])
        elif header[1] == "without":
            self.without = header[2]
        elif header[1] == "given":
            self.given += header[2].split()
        else:
            users = header[2].split()
            for user in users:
                must_be_user(number, user)
            self.namespaces[header[1].split()[1]] = users

    def play_page(self, number, path, heading):
        """What the console shows under that heading of a page; where it shows none, the commands that stand there."""
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?:^#|\Z)", file.read(), re.M | re.S)
        blocks = re.findall(r"^```console\n(.*?)^```$", section[1], re.M | re.S) if section else []
        commands = re.findall(r"^```\n(.*?)^```$", section[1], re.M | re.S) if section and not blocks else []
        if not blocks and not commands:
            raise Failed(f"line {number}: {path} shows no console, and no commands, under \"{heading}\"")
        for command in "".join(commands).splitlines():
            self.add_step(Step(number, f"within 180 s as admin: {command}"))
            self.steps[-1].is_on_page = True
        for part in re.split(r"^\$ ", "".join(blocks), flags=re.M)[1:]:
            command, text = part.split("\n", 1)
            self.add_step(Step(number, f"as admin: {command}"))
            self.expect(number, text.rstrip())

    def add_step(self, step):
        if step.process and step.process[0] == "trouble" and not (self.replicas and self.steps and self.steps[-1].meanwhile):
            raise Failed(f"line {step.number}: \"trouble\" is made of replicas, and follows \"meanwhile\"")
        self.steps.append(step)

    def expect(self, number, text):
        if not self.steps or self.steps[-1].process or self.steps[-1].expected is not None:
            raise Failed(f"line {number}: \"prints\" follows the command that it is about")
        self.steps[-1].expected = text


def matches(expected, got):
    """Whether the whole output is as expected; `...` stands for any text."""
    pattern = ".*?".join(re.escape(part) for part in expected.split("..."))
    return re.fullmatch(pattern, got, re.S) is not None


def indented(text):
    return "\n".join("    " + line for line in text.splitlines()) or "    (nothing)"


def end(process):
    """A step's command, and what it started: all that is in its group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.communicate()


class Stage:
    """A control plane and a webhook, on which one story after another is played."""

    def __init__(self, plane, webhook, show):
        self.plane, self.webhook = plane, webhook
        self.show = show  # every step and what it printed
        self.running = []  # (step, process) of those that are to run meanwhile
        self.figures = []  # of a run with trouble

    def play(self, story):
        """Raises with all that failed: the first step that does, or with `show` each; then the clearing up."""
        before, failures = self.cluster_wide(), []

        def attempt(what, action):
            try:
                action()
            except Failed as failure:
                failures.append(what + str(failure))
            except Exception:  # pylint: disable=broad-except
                failures.append(what + traceback.format_exc())

        try:
            attempt("", lambda: self.prepare(story))
            for step in story.steps:
                if failures and not self.show:
                    break
                attempt(f"story:{step.number}: {step.text}\n", lambda step=step: self.take(story, step))
                if self.show and not step.meanwhile:
                    print(f"{step.number}: {step.text}\n{indented(step.printed)}")
            if not failures or self.show:
                attempt("", self.finish_running)
        finally:
            for _, process in self.running:
                end(process)
        attempt("clearing up: ", lambda: self.clear(story, before))
        if story.replicas or story.chart:
            self.webhook.kill()
        if failures:
            raise Failed("\n".join(failures))

    # ---- before and after

    def cluster_wide(self):
        return set(self.plane.kubectl("get", CLUSTER_WIDE, "-o", "name")[1].split())

    def prepare(self, story):
        kubectl = self.plane.kubectl
        self.plane.use(story.server_options)
        kubectl("delete", "tenantusages", "--all")  # fairgate made those of the story before anew until it ended
        if story.chart:
            self.webhook = Release(self.plane, None if story.installs else story.chart, story.replicas or 1)
        elif story.replicas:
            self.webhook = Replicas(self.plane, story.replicas, story.each_asked, story.without)
        for namespace, users in story.namespaces.items():
            kubectl("create", "namespace", namespace)
            kubectl("create", "rolebinding", "edit", "-n", namespace, "--clusterrole=edit",
                    *(f"--user={user}" for user in users))
        for path in story.given:
            kubectl("apply", "-f", os.path.join(story.folder, path))
        self.plane.wait_for_service_accounts(story.namespaces)
        for user in USERS:
            if ":" not in user:
                self.plane.kubeconfig(user, self.home(story, user))
        if story.installs:
            return
        self.webhook.use(story.policies)
        self.webhook.options = [*REQUEST_TIMEOUT, *story.options] if REQUEST_TIMEOUT[0] not in story.options else story.options
        self.webhook.start()
        self.webhook.register()
        self.wait_for_usage()

    def wait_for_usage(self):
        """A fairgate that ended with the story before may have been making a TenantUsage just then, after which nobody looks."""
        what = "what tenants hold known"
        try:
            wait_until(what, self.is_usage_known, seconds=20, pause=0.3)
        except Failed:
            self.plane.kubectl("delete", "tenantusages", "--all")
            wait_until(what, self.is_usage_known, pause=0.3)

    def is_usage_known(self):
        return not self.plane.kubectl("get", "tenantusages", "-o", "jsonpath={.items[*].spec.unknown}")[1]

    @staticmethod
    def home(story, user):
        """The namespace that kubectl takes where none is named: the user's first one, or the first one."""
        own = [namespace for namespace, users in story.namespaces.items() if user in users]
        return (own or list(story.namespaces) or ["default"])[0]

    def clear(self, story, before):
        """What the story made goes, without fairgate. Namespaces take their time; pods may not."""
        if self.plane.api_server() is None:
            self.plane.start_api_server()
        self.webhook.link.tell("works")
        self.webhook.withdraw()
        new = sorted(self.cluster_wide() - before)
        if new:
            self.plane.kubectl("delete", "--wait=false", "--ignore-not-found", *new)
        wait_until(f"the end of the pods of {story.name}", self.has_no_pods, pause=0.3)
        self.webhook.stop()

    def has_no_pods(self):
        """Ends those that are left, whatever finalizers hold them."""
        kubectl, others = self.plane.kubectl, ("pods", "-A", "--field-selector", "metadata.namespace!=kube-system")
        left = kubectl("get", *others, "-o",
                       "jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name} {.metadata.finalizers}{'\\n'}{end}")[1]
        for line in left.splitlines():
            namespace, name, *finalizers = line.split()
            if finalizers:
                kubectl("patch", "pod", "-n", namespace, name, "-p", '{"metadata":{"finalizers":null}}', check=False)
        for namespace in {line.split()[0] for line in left.splitlines()}:
            kubectl("delete", "--raw", f"/api/v1/namespaces/{namespace}/pods?gracePeriodSeconds=0", check=False)
        return not left

    # ---- steps

    def take(self, story, step):
        if step.process:
            self.change_process(story, *step.process)
        elif step.meanwhile:
            self.running.append((step, self.begin(story, step)))
        elif step.eventually:
            self.take_until(story, step)
        else:
            deadline = time.monotonic() + int(step.stays or 0)
            self.compare(step, *self.call(story, step))
            while time.monotonic() < deadline:
                time.sleep(0.5)
                self.compare(step, *self.call(story, step))

    def take_until(self, story, step):
        deadline = time.monotonic() + step.seconds(EVENTUALLY_SECONDS)
        while True:
            try:
                return self.compare(step, *self.call(story, step))
            except Failed:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)

    def change_process(self, story, name, word, *folder):
        if name == "trouble":
            self.make_trouble()
        elif name == "certificates":
            self.figures.append(self.webhook.change_authority(folder[-1]))
        elif name == "link":
            self.webhook.link.tell(word)
        elif name == "kube-apiserver":
            (self.plane.stop_api_server if word == "stops" else self.plane.start_api_server)()
        elif word == "stops":
            self.webhook.stop()
        elif word == "starts":
            self.webhook.start()
        elif word == "is":
            self.webhook.replace()
        elif word == "starts,":
            self.webhook.start_unready(lambda got: matches(" ".join(folder[2:]), got))
        else:
            self.webhook.reload(os.path.join(story.folder, *folder))

    def make_trouble(self):
        """Until what was begun last is over, or its time."""
        trouble, (step, process) = Trouble(self.plane, self.webhook, SEED), self.running[-1]
        deadline = time.monotonic() + step.seconds(COMMAND_SECONDS)
        trouble.go_on_until(lambda: process.poll() is not None or time.monotonic() > deadline)
        self.figures.append(f"seed {SEED}: {trouble.report()}")

    @staticmethod
    def compare(step, status, got):
        if step.expected is None and status != 0:
            raise Failed(f"exit {status}, and no \"prints\" says that it may fail; it printed:\n{indented(got)}")
        if step.expected is not None and not matches(step.expected, got):
            raise Failed(f"  expected:\n{indented(step.expected)}\n  got:\n{indented(got)}")

    def call(self, story, step):
        """Runs the step's command: (exit status, all that it printed)."""
        return self.finish(step, self.begin(story, step))

    def begin(self, story, step):
        """Starts it in the story's folder."""
        environment = self.plane.environment(os.path.join(self.plane.work, f"kubeconfigs/{step.user}.json"))
        page = self.plane.folder(f"pages/{story.name}")
        environment.update(self.webhook.environment(), ETCD=self.plane.etcd, SEED=str(SEED), PAGE=page, PYTHONPATH=HERE, PYTHONDONTWRITEBYTECODE="1")
        return subprocess.Popen(["bash", "-c", step.command], cwd=page if step.is_on_page else story.folder, env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True, preexec_fn=end_with_us)

    @staticmethod
    def finish(step, process):
        seconds = COMMAND_SECONDS if step.eventually else step.seconds(COMMAND_SECONDS)
        try:
            output = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            raise Failed(f"out of time after {seconds} s: {step.command}") from None
        finally:
            end(process)
        step.printed = output.decode("utf-8", "backslashreplace").rstrip()
        return process.returncode, step.printed

    def finish_running(self):
        """What ran meanwhile may take its time from now on."""
        while self.running:
            step, process = self.running.pop(0)
            try:
                self.compare(step, *self.finish(step, process))
            except Failed as failure:
                raise Failed(f"story:{step.number}: {step.text}\n{failure}") from None
            finally:
                if self.figures:
                    self.figures.append(step.printed)
                if self.show:
                    print(f"{step.number}: {step.text}\n{indented(step.printed)}")
