#!/usr/bin/env python3
"""What promtool, Prometheus' own checker of conventions, says of the metrics of a busy server."""

import re
import subprocess
import time

from busy import busy, eventually
from serving import main, test


def promtool(text):
    """What it complains of."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stderr == ""), done
    return done.stderr


@test
def promtool_finds_nothing_to_complain_of():
    with busy() as server:
        status, headers, text = server.ask("/metrics")
        assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers
    assert promtool(text) == "", promtool(text)


@test
def every_metric_of_a_busy_server_has_a_sample():
    with busy() as server:
        text = server.ask("/metrics")[2]
    for name in re.findall(r"^# TYPE (\w+) ", text, re.M):
        assert re.search(rf"^{name}(_bucket|_sum|_count)?[{{ ]", text, re.M), f"{name} has no sample"


@test
def gpus_are_counted_for_as_long_as_they_are_held():
    """Research holds four, 2 seen and 2 reserved; of the seconds in between only so much is known. Clocks count in
    milliseconds."""
    with busy() as server:
        first = look(server)
        last = eventually(lambda: later_than(first, look(server)), "a second more")
    counted = last[1] - first[1]
    assert 4 * (last[0] - first[2] - 0.002) <= counted <= 4 * (last[2] - first[0] + 0.002), (first, last)


def look(server):
    """(when it was asked, GPU-seconds, when it had answered)"""
    asked = time.monotonic()
    value = float(server.metrics()['fairgate_tenant_gpu_seconds_total{tenant="research",mode="whole"}'])
    return asked, value, time.monotonic()


def later_than(first, other):
    return other[0] > first[2] + 1 and other


@test
def promtool_finds_a_name_against_the_conventions():
    assert "_total" in promtool("# HELP fairgate_things Things.\n# TYPE fairgate_things counter\nfairgate_things 1\n")


if __name__ == "__main__":
    main()
