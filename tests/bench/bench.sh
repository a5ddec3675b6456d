#!/bin/bash
# fairgate beside a bare h2o server, the view of a large cluster, pods created in a real control plane, or reservations of
# several replicas: bench.py, view.py, cluster.py, reservations.py. The programs are built by `make bench`.
cd "$(dirname "$0")/../.." || exit 1
exec python3 "tests/bench/${1:-bench}.py"
