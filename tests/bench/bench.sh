#!/bin/bash
# fairgate beside a bare h2o server, or the view of a large cluster: bench.py, view.py. The programs
# are built by `make bench`.
cd "$(dirname "$0")/../.." || exit 1
exec python3 "tests/bench/${1:-bench}.py"
