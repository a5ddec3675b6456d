#!/usr/bin/env python3
"""Pods are created without a pause as long as the fairgate that is there now goes on, and for 3 s more."""

import os
import time

from load import Load

with Load("replacing") as load:
    while os.path.exists(f"/proc/{os.environ['FAIRGATE_PID']}"):
        time.sleep(0.1)
    time.sleep(3)
print(load)
