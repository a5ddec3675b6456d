"""For the scripts of stories that ask without a pause while something else goes on."""

import http.client
import threading

from api import Api, pod

CREATORS = 40  # more than the API server keeps connections for: some are always new


class Load:
    """Creators of pods, which are dry runs: turn by turn one with 4 GPUs, which may be, and one with 5, which may not
    because of the tenant's gpus.perPod. `with` it; `str` tells what came of it."""

    def __init__(self, namespace):
        self.path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
        self.counts = {"judged": 0, "failed": 0, "misjudged": 0}
        self._lock, self._is_over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._create, daemon=True) for _ in range(CREATORS)]

    def _is_right(self, api, gpus):
        """Whether it was judged right; None where it was not judged."""
        status, answer = api.call("POST", self.path, pod("train", gpus))
        if status == 201:
            return gpus <= 4
        if status == 403 and "gpus.perPod" in answer["message"]:
            return gpus > 4
        print(status, answer.get("message"), flush=True)
        return None

    def _create(self):
        api, gpus = Api(), 4
        while not self._is_over.is_set():
            try:
                right = self._is_right(api, gpus)
            except (OSError, ValueError, http.client.HTTPException) as error:
                print(repr(error), flush=True)
                right, api = None, Api()
            gpus = 9 - gpus
            with self._lock:
                self.counts["judged"] += 1
                self.counts["failed"] += right is None
                self.counts["misjudged"] += right is False

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def __str__(self):
        return f"{self.counts['judged']} pods judged, {self.counts['failed']} failed, {self.counts['misjudged']} misjudged"
