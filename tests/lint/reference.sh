#!/bin/bash
# docs/reference.md is what the program's tables say.
. "$(dirname "$0")/report.bash"
. tests/lint/reference.bash

report "docs/reference.md: up to date; else 'make docs'" "$(diff docs/reference.md <(reference "$FAIRGATE") | head -20)"
