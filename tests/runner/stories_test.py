#!/usr/bin/env python3
"""Stories are read as tests/README.md says, without a control plane: what is no step is named with its line."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../server"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from control_plane import HERE, Failed
from serving import main, scratch, test, write
from story import Stage, Story, matches


def story(text):
    return Story(os.path.dirname(write(os.path.join(scratch(), "told", "story"), text)))


def mistake(text):
    try:
        story(text)
    except Failed as failure:
        return str(failure)
    raise AssertionError("no mistake was found")


@test
def headers_and_steps_are_read():
    told = story("# why\nnamespace a: alice bob\nnamespace b:\ngiven: x.yaml y.yaml\npolicies: strict\n"
                 "serve: --max-staleness 5s --threads 1\n\n"
                 "as alice: kubectl get pods\nprints: None\n\nfairgate: reads other\n"
                 "eventually within 9 s as bob: ls\nprints:\n    one\n      two\n\n    three\n\n"
                 "for 5 s as admin: true\n")
    assert told.namespaces == {"a": ["alice", "bob"], "b": []}, told.namespaces
    assert told.given == ["x.yaml", "y.yaml"] and told.policies.endswith("/told/strict"), told.policies
    assert told.options == ["--max-staleness", "5s", "--threads", "1"], told.options
    first, second, third, fourth = told.steps
    assert (first.user, first.command, first.expected, first.number) == ("alice", "kubectl get pods", "None", 8)
    assert second.process == ["fairgate", "reads", "other"], second.process
    assert third.eventually and third.seconds(60) == 9 and third.expected == "one\n  two\n\nthree", third.expected
    assert fourth.stays == "5" and fourth.expected is None and fourth.seconds(60) == 60, fourth.stays


@test
def several_replicas_and_trouble_are_read():
    told = story("api-server: --request-timeout 6s\nreplicas: 3, each asked\nwithout: floor\nmeanwhile as admin: true\n"
                 "trouble: as long as that runs\n")
    assert told.server_options == ["--request-timeout", "6s"], told.server_options
    assert (told.replicas, told.each_asked, told.without) == (3, True, "floor")
    assert told.steps[1].process[0] == "trouble", told.steps[1].process
    told = story("replicas: 2\nas admin: true\n")
    assert (told.replicas, told.each_asked, told.without) == (2, False, None)


@test
def home_is_the_users_own_namespace():
    told = story("namespace a: alice\nnamespace b: bob\nas bob: true\n")
    assert [Stage.home(told, user) for user in ("alice", "bob", "admin")] == ["a", "b", "a"]


@test
def mistakes_name_their_line():
    for text, said in (("as alice kubectl\n", "line 1: expected"),
                       ("as alice: true\nnamespace late: bob\n", "line 2: \"namespace late\" stands before"),
                       ("prints: x\nas alice: true\n", "line 1: \"prints\" follows"),
                       ("as alice: true\nprints: x\nprints: y\n", "line 3: \"prints\" follows"),
                       ("fairgate: stops\nprints: x\n", "line 2: \"prints\" follows"),
                       ("fairgate: naps\n", "line 1: expected"),
                       ("kube-apiserver: reads x\n", "line 1: expected"),
                       ("link: stops\n", "line 1: expected"),
                       ("as nobody: true\n", "line 1: there is no user \"nobody\""),
                       ("namespace a: alcie\nas alice: true\n", "line 1: there is no user \"alcie\""),
                       ("replicas: 0\nas alice: true\n", "line 1: expected \"replicas: 3\""),
                       ("replicas: 2, asked\nas alice: true\n", "line 1: expected \"replicas: 3\""),
                       ("meanwhile as alice: true\ntrouble: as long as that runs\n", "line 2: \"trouble\" is made"),
                       ("replicas: 3\nas alice: true\ntrouble: as long as that runs\n", "line 3: \"trouble\" is made"),
                       ("needs: luck\nas alice: true\n", "line 1: expected"),
                       ("# nothing\n", "no step")):
        assert said in mistake(text), (text, mistake(text))


@test
def three_dots_stand_for_any_text():
    for expected, got, same in (("a ... c", "a b c", True), ("a...", "a", True), ("a...c", "a\nb\nc", True),
                                ("a.c", "abc", False), ("a", "a b", False), ("", "", True), ("", "x", False),
                                ("(a) [b]", "(a) [b]", True), ("...b", "a b c", False)):
        assert matches(expected, got) is same, (expected, got)


@test
def every_story_that_is_there_can_be_read():
    folder = os.path.join(HERE, "scenarios")
    names = sorted(os.listdir(folder))
    namespaces = [name for each in names for name in Story(os.path.join(folder, each)).namespaces]
    assert names and len(set(namespaces)) == len(namespaces), "two stories have a namespace of one name"


main()
