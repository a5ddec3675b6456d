#!/bin/bash
# fairgate beside a bare h2o server; see bench.py. The programs are built by `make bench`.
cd "$(dirname "$0")/../.." || exit 1
exec python3 tests/bench/bench.py "$@"
