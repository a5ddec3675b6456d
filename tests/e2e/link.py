#!/usr/bin/env python3
"""fairgate's way to the API server: all that it asks there passes here, until a story lets it break or hang.

As a program, link.py PORT SERVER passes on what comes to PORT on loopback to SERVER there. Each line of stdin is done,
and then printed:

    works   what comes is passed on, also what waited while it hung
    hangs   connections stay and new ones are taken, but nothing passes, not even their end
    breaks  connections are reset and new ones refused
"""

import asyncio
import contextlib
import socket
import struct
import subprocess
import sys

from control_plane import Failed, end_with_us, free_ports

WORDS = "works", "hangs", "breaks"
RESETS = struct.pack("ii", 1, 0)  # SO_LINGER: no end but a reset


class Link:
    """The program, as the runner starts and tells it."""

    def __init__(self, server_port):
        port = free_ports(1)[0]
        self.server = f"https://127.0.0.1:{port}"
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [sys.executable, __file__, str(port), str(server_port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True, preexec_fn=end_with_us)
        self.tell("works")

    def tell(self, word):
        with contextlib.suppress(BrokenPipeError):
            print(word, file=self.process.stdin, flush=True)
        if self.process.stdout.readline().strip() != word:
            raise Failed(f"the link to the API server does not do this: {word}")

    def stop(self):
        self.process.kill()
        self.process.communicate()


class Passage:
    def __init__(self, port, server_port):
        self.port, self.server_port = port, server_port
        self.listener = None
        self.passes = asyncio.Event()
        self.ends = set()  # the writers of all connections, both ways

    async def works(self):
        self.passes.set()
        if self.listener is None:
            self.listener = await asyncio.start_server(self.carry, "127.0.0.1", self.port)

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

    async def carry(self, reader, writer):
        writers = [self.opened(writer)]
        try:
            await self.passes.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
            writers.append(self.opened(far_writer))
            await asyncio.gather(self.pump(reader, far_writer), self.pump(far_reader, writer))
        except OSError:
            pass  # either side was reset, or the API server is away
        finally:
            for each in writers:
                self.ends.discard(each)
                each.transport.abort()

    def opened(self, writer):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        self.ends.add(writer)
        return writer

    async def pump(self, reader, writer):
        while True:
            data = await reader.read(65536)
            await self.passes.wait()
            if not data:
                return writer.write_eof()
            writer.write(data)
            await writer.drain()


async def main():
    passage = Passage(int(sys.argv[1]), int(sys.argv[2]))
    while word := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if word in WORDS:
            await getattr(passage, word)()
            print(word, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
