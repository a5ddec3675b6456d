#!/usr/bin/env python3
"""What promtool, Prometheus' own checker of conventions, says of the metrics of a busy server."""

import re
import subprocess

from busy import busy
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
def promtool_finds_a_name_against_the_conventions():
    assert "_total" in promtool("# HELP fairgate_things Things.\n# TYPE fairgate_things counter\nfairgate_things 1\n")


if __name__ == "__main__":
    main()
