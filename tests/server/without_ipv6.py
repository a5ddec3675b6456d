#!/usr/bin/env python3
"""without_ipv6.py COMMAND...: runs it as on a node whose kernel has no IPv6: socket() gives EAFNOSUPPORT."""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]  # the system call's number
NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
ALLOW, FAIL = 0x7FFF0000, 0x00050000
STEPS = [(LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 3, SOCKET), (LOAD, 0, 0, 16), (JUMP_IF_EQUAL, 0, 1, socket.AF_INET6),
         (RETURN, 0, 0, FAIL | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]

program = b"".join(struct.pack("HBBI", *step) for step in STEPS)
code = ctypes.create_string_buffer(program, len(program))
call = ctypes.CDLL(None, use_errno=True).prctl
for arguments in ((NO_NEW_PRIVS, 1, 0, 0, 0),
                  (SET_SECCOMP, FILTER, ctypes.create_string_buffer(struct.pack("HP", len(STEPS), ctypes.addressof(code))), 0, 0)):
    if call(*arguments) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
