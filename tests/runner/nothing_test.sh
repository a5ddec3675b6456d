#!/bin/bash
# A run of no test is no success, and says so.
for suite in unit golden cases scripts; do
    said=$(tests/run --build "$BUILD" --case nosuch "$suite")
    status=$?
    if [ $status = 1 ] && [[ $said == *'no test has "nosuch" in its path'* ]]; then
        echo "ok $suite of nothing"
    else
        echo "not ok $suite of nothing"
        echo "exit $status: $said"
    fi
done
