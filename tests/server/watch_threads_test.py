#!/usr/bin/env python3
"""The watch on an API server that does well, and on many that don't."""

from fake_api import FakeApi, Watch, pod
from serving import main, test


def lists(*items, version=10):
    return lambda call: call.list(list(items), version)


def nothing_more(call):
    """Lists and watches where nothing happens."""
    if "watch" in call.query:
        call.quiet_watch()
    else:
        call.list([], 99)


@test
def a_list_and_its_events_come_in_order():
    def events(call):
        call.begin()
        call.event("ADDED", pod("c", 11))
        call.event("MODIFIED", pod("a", 12))
        call.event("DELETED", pod("b", 13))
        call.bookmark(20)
        call.idle()
        call.end()

    with FakeApi(lists(pod("a", 3), pod("b", 7)), events, nothing_more) as api, \
            Watch(api.kubeconfig()) as watch:
        watch.expect("list", "item team-a/a 3", "item team-a/b 7", "listed 10",
                     "ADDED team-a/c 11", "MODIFIED team-a/a 12", "DELETED team-a/b 13",
                     "BOOKMARK  20")
        state = watch.wait_for(lambda state: state["watches"] == 2)
        assert state["synced"] == 1 and state["lists"] == 1 and state["events"] == 4, state
        assert state["failures"] == 0 and state["problem"] == "", state
        first, second, third = api.queries()[:3]
        assert first == {"path": "/api/v1/pods", "limit": "500"}, first
        assert 3 <= int(second.pop("timeoutSeconds")) <= 4, second
        assert second == {"path": "/api/v1/pods", "watch": "1", "allowWatchBookmarks": "true",
                          "resourceVersion": "10"}, second
        assert third["resourceVersion"] == "20", third
        headers = api.requests[0][1]
        assert headers["Authorization"] == "Bearer secret", headers
        assert headers["Accept"] == "application/json", headers
        assert watch.messages() == [("info", "listed")], watch.log


if __name__ == "__main__":
    main()
