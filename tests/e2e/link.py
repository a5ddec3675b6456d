#!/usr/bin/env python3
"""Ways that can be disturbed: fairgate's to the API server, and the API server's to one of several fairgates.

As a program, link.py ADDRESS [CERTS] passes on what comes to ADDRESS, of loopback. Each line of stdin is done, and then printed, with
the number of answers lost so far:

    to PORT...   each connection goes on to one of these, chosen at random
    works        what comes is passed on, also what waited while it hung
    hangs        connections stay and new ones are taken, but nothing passes, not even their end
    breaks       connections are reset and new ones refused

With CERTS it reads what it passes on: TLS ends here, by the certificate in that folder, and begins anew.

    delays N     what watches show is passed on N milliseconds after it came
    loses N      of the next N writes of what fairgate keeps in the API server no answer comes back, but a reset"""

import asyncio
import contextlib
import os
import random
import re
import socket
import ssl
import struct
import subprocess
import sys
import time

from control_plane import Failed, end_with_us, free_ports

RESETS = struct.pack("ii", 1, 0)  # SO_LINGER: no end but a reset
WRITES = re.compile(rb"(PUT|POST) /apis/fairgate\.dev/")
WATCHES = re.compile(rb"GET \S*[?&]watch=")


class Link:
    """The program, as the runner starts and tells it."""

    def __init__(self, *to, certs=None, address=None):
        self.address = address or f"127.0.0.1:{free_ports(1)[0]}"
        self.lost = 0
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [sys.executable, __file__, self.address, *([certs] if certs else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=end_with_us)
        self.tell("to", *to)
        self.tell("works")

    def tell(self, *words):
        line = " ".join(map(str, words))
        with contextlib.suppress(BrokenPipeError):
            print(line, file=self.process.stdin, flush=True)
        done, _, lost = self.process.stdout.readline().strip().rpartition(" ")
        if done != line:
            raise Failed(f"the link does not do this: {line}")
        self.lost = int(lost)

    def stop(self):
        self.process.kill()
        self.process.communicate()


class Asked:
    """What the client of a connection asked for last, by the bytes that it sent."""

    def __init__(self):
        self.head, self.body = b"", 0  # what came of a head; how much of a body is still to come
        self.line = b""

    def take(self, data):
        while data:
            if self.body:
                skipped = min(self.body, len(data))
                self.body, data = self.body - skipped, data[skipped:]
                continue
            self.head, end, data = (self.head + data).partition(b"\r\n\r\n")
            if end:
                self.line, _, fields = self.head.partition(b"\r\n")
                length = re.search(rb"^content-length: *(\d+)", fields, re.I | re.M)
                self.head, self.body = b"", int(length[1]) if length else 0


class Passage:
    def __init__(self, address, certs=None):
        self.address, self.to = address.split(":"), []
        self.listener = None
        self.passes = asyncio.Event()
        self.ends = set()  # the writers of all connections, both ways
        self.delay = 0  # of what watches show, in seconds
        self.to_lose = self.lost = 0
        self.near = self.far = None  # TLS on either side
        if certs:
            self.near = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.near.load_cert_chain(os.path.join(certs, "server.crt"), os.path.join(certs, "server.key"))
            self.far = ssl.create_default_context(cafile=os.path.join(certs, "ca.crt"))

    # ---- what it is told

    async def do(self, word, *values):
        values = [int(each) for each in values]
        if word == "to":
            self.to = values
        elif word == "delays":
            self.delay = values[0] / 1000
        elif word == "loses":
            self.to_lose = values[0]
        else:
            await {"works": self.works, "hangs": self.hangs, "breaks": self.breaks}[word]()

    async def works(self):
        self.passes.set()
        if self.listener is None:
            self.listener = await asyncio.start_server(self.carry, *self.address, ssl=self.near)

    async def hangs(self):
        await self.works()
        self.passes.clear()

    async def breaks(self):
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        for writer in self.ends:
            writer.transport.abort()
        self.passes.set()

    # ---- connections

    async def carry(self, reader, writer):
        writers = [self.opened(writer)]
        try:
            await self.passes.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", random.choice(self.to), ssl=self.far)
            writers.append(self.opened(far_writer))
            asked = Asked()
            await asyncio.gather(self.pump(reader, far_writer, asked), self.pump_back(far_reader, writer, asked))
        except OSError:
            pass  # either side was reset, or is away
        finally:
            for each in writers:
                self.ends.discard(each)
                each.transport.abort()

    def opened(self, writer):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        self.ends.add(writer)
        return writer

    async def pump(self, reader, writer, asked):
        while data := await reader.read(65536):
            if self.near:
                asked.take(data)
            await self.write(writer, data)
        await self.write(writer, b"")

    async def pump_back(self, reader, writer, asked):
        if not self.near:
            return await self.pump(reader, writer, asked)
        pieces = asyncio.Queue()
        await asyncio.gather(self.read_pieces(reader, asked, pieces), self.write_pieces(writer, pieces))

    async def read_pieces(self, reader, asked, pieces):
        """Puts what comes back beside the time at which it may go on."""
        try:
            while data := await reader.read(65536):
                if self.to_lose and WRITES.match(asked.line):
                    self.to_lose, self.lost = self.to_lose - 1, self.lost + 1
                    raise ConnectionResetError
                delay = self.delay if WATCHES.match(asked.line) else 0
                pieces.put_nowait((time.monotonic() + delay, data))
        finally:
            pieces.put_nowait((0, b""))

    async def write_pieces(self, writer, pieces):
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(max(0, due - time.monotonic()))
            await self.write(writer, data)
            if not data:
                return

    async def write(self, writer, data):
        """All at the end: no data."""
        await self.passes.wait()
        if data:
            writer.write(data)
            await writer.drain()
        elif writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()


async def main():
    passage = Passage(*sys.argv[1:])
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        await passage.do(*line.split())
        print(line, passage.lost, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
