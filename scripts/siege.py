"""Hostile clients of every kind that we know, and one honest scraper beside them. See siege.sh."""

import argparse
import asyncio
import gzip
import itertools
import multiprocessing
import os
import random
import re
import resource
import socket
import struct
import subprocess
import sys
import time

# What Prometheus sends.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
GREETING = re.compile(r"listening on http://([0-9.]+):([0-9]+)/metrics")


def request(path="/metrics", headers=""):
    return f"GET {path} HTTP/1.1\r\nHost: siege\r\n{headers}\r\n".encode()


async def connect(port, receive_buffer=None):
    """Connects; tries again for as long as the machine has no room."""
    while True:
        client = socket.socket()
        client.setblocking(False)
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
            return await asyncio.open_connection(sock=client, limit=1 << 16)
        except OSError:
            client.close()
            await asyncio.sleep(0.05)


async def read_answer(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(re.search(rb"content-length: ([0-9]+)", head)[1])
    while length > 0:
        read = len(await reader.read(min(length, 1 << 20)))
        if read == 0:
            raise ConnectionError("the body broke off")
        length -= read


# One function a kind of client. Each runs until it is cut off, and is then started again at once.


async def polite_pages(port, number):
    """Keeps its connection with a request for any page every two seconds."""
    reader, writer = await connect(port)
    while True:
        writer.write(request("/x"))
        await read_answer(reader)
        await asyncio.sleep(2)


async def greedy(port, number):
    """Keeps its connection, and asks again as soon as it has its answer."""
    reader, writer = await connect(port)
    while True:
        writer.write(request(headers="Accept-Encoding: gzip\r\n"))
        await read_answer(reader)


async def silent(port, number):
    """Says nothing, or half a request, byte by byte."""
    reader, writer = await connect(port)
    for byte in itertools.cycle(b"GET /metrics HTTP/1.1\r\nHost: siege\r\nX: " if number % 2 else b""):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.5)
    await reader.read()


async def unread(port, number):
    """Asks for everything, and never reads."""
    _, writer = await connect(port, 4096)
    writer.transport.pause_reading()
    writer.write(request())
    # Whether one is cut off shows only to those who read or write. So each leaves at its own time, and comes again.
    await asyncio.sleep(1 + 10 * random.random())
    writer.transport.abort()


async def trickle(port, number):
    """Asks for everything, and takes a little at a time, for ever."""
    reader, writer = await connect(port, 4096)
    writer.write(request())
    while await reader.read(512):
        await asyncio.sleep(0.1)


async def half_closed(port, number):
    """Closes its side behind its request, and reads to the end."""
    reader, writer = await connect(port)
    writer.write(request(headers="Accept-Encoding: gzip\r\n"))
    writer.write_eof()
    while await reader.read(1 << 20):
        pass
    writer.close()


async def resets(port, number):
    """Takes a byte of its answer, and resets the connection."""
    reader, writer = await connect(port)
    writer.write(request())
    await reader.read(1)
    client = writer.get_extra_info("socket")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def filters(port, number):
    """Asks for parts, each another, and reads them."""
    reader, writer = await connect(port)
    for round in itertools.count():
        writer.write(request(f"/metrics?name[]=events_total&name[]=x{number}_{round}"))
        await read_answer(reader)


async def unread_filters(port, number):
    """Asks for large parts, each another, and never reads."""
    _, writer = await connect(port, 4096)
    writer.transport.pause_reading()
    writer.write(request(f"/metrics?name[]=events_total&name[]=x{random.random()}"))
    await asyncio.sleep(1)
    writer.transport.abort()


FORMATS = [
    "text/plain;version=0.0.4",
    "application/openmetrics-text;version=1.0.0",
    "application/openmetrics-text;version=0.0.1",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
]
SCHEMES = ["allow-utf-8", "underscores", "dots", "values"]
CODINGS = ["identity", "gzip", "gzip, identity;q=0"]
FORMS = list(itertools.product(FORMATS, SCHEMES, CODINGS))


async def forms(port, number):
    """Asks for everything in all formats, escaping schemes and codings, in turn."""
    reader, writer = await connect(port)
    for round in itertools.count(number):
        format, scheme, coding = FORMS[round % len(FORMS)]
        writer.write(request(headers=f"Accept: {format};escaping={scheme}\r\nAccept-Encoding: {coding}\r\n"))
        await read_answer(reader)


async def pipelined(port, number):
    """Sends a hundred requests at once, and reads nothing."""
    _, writer = await connect(port, 4096)
    writer.transport.pause_reading()
    writer.write(request() * 100)
    await asyncio.sleep(2)
    writer.transport.abort()


async def idle(port, number):
    """Connects, and waits."""
    reader, _ = await connect(port)
    await reader.read()


async def fire_and_close(port, number):
    """Asks, and goes away without waiting for the answer."""
    _, writer = await connect(port)
    writer.write(request())
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.05)


async def mixed(port, number):
    """Parts and forms by turns."""
    await (filters if number % 2 else forms)(port, number)


SLOW = ["--callback-ms", "400"]


class Siege:
    """One siege: what is done to the program, and what the honest scraper asks for."""

    def __init__(self, name, kind, clients, arguments=(), descriptors=None, bound=1.0, query="", coding="gzip"):
        self.name, self.kind, self.clients, self.arguments = name, kind, clients, arguments
        # Descriptors that the program may have, and seconds that a scrape may take.
        self.descriptors, self.bound = descriptors, bound
        self.query, self.coding = query, coding


PART = "?name[]=seen_total"
SIEGES = [
    Siege("none", None, 0),
    Siege("keep-alive, any page every 2 s", polite_pages, 600),
    Siege("keep-alive, metrics in a loop", greedy, 600),
    Siege("silent, or a byte every 0.5 s", silent, 600),
    Siege("idle connections", idle, 2000),
    Siege("never read", unread, 600),
    Siege("never read, 100,000 series, scraped without gzip", unread, 100, ["--series", "100000"], coding="identity"),
    Siege("512 bytes every 0.1 s", trickle, 600),
    Siege("half-closed", half_closed, 200),
    Siege("resets", resets, 200),
    Siege("ask and go away", fire_and_close, 400),
    Siege("parts, each another", filters, 200),
    Siege("parts, each another; a part is scraped", filters, 200, query=PART),
    Siege("parts, never read", unread_filters, 300),
    Siege("all formats, schemes, codings", forms, 200),
    Siege("100 pipelined, never read", pipelined, 200),
    Siege("64 descriptors, 300 idle", idle, 300, descriptors=64),
    Siege("64 descriptors, 60 in a loop, callbacks of 50 ms", greedy, 60, ["--callback-ms", "50"], descriptors=64),
    Siege("callbacks of 400 ms, parts and forms", mixed, 200, SLOW, bound=1.5),
    Siege("callbacks of 400 ms, in a loop", greedy, 600, SLOW, bound=1.5),
    Siege("callbacks of 100 ms, 1,500 in a loop", greedy, 1500, ["--callback-ms", "100"]),
    Siege("callbacks of 400 ms, ask and go away", fire_and_close, 400, SLOW, bound=1.5),
    Siege("callbacks that panic, parts and forms", mixed, 200, ["--panicking"]),
]


def besiege(kind, clients, port):
    """The life of a process of hostile clients."""
    os.nice(5)

    async def again(number):
        while True:
            try:
                await kind(port, number)
            except (OSError, EOFError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                # A turned-away client pauses no longer than it must to leave the others a turn.
                await asyncio.sleep(0.01)

    async def all_of_them():
        await asyncio.gather(*(again(number) for number in range(clients)))

    asyncio.run(all_of_them())


class Scraper:
    """Scrapes as Prometheus does: gzip, over a connection that it keeps, with one more try where that was closed. Every
    second time over a new one, as with an interval of more than the five seconds that the exporter keeps one for."""

    def __init__(self, port, siege):
        self.port, self.client, self.seen, self.count = port, None, -1, 0
        self.is_part = siege.query != ""
        headers = f"Accept: {ACCEPT}\r\nAccept-Encoding: {siege.coding}\r\n"
        self.request = request(f"/metrics{siege.query}", headers)

    def scrape(self):
        self.count += 1
        if self.count % 2 and self.client is not None:
            self.client.close()
            self.client = None
        kept = self.client is not None
        try:
            return self.ask()
        except (OSError, ConnectionError):
            self.client = None
            if not kept:
                raise
            return self.ask()

    def ask(self):
        if self.client is None:
            self.client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.client.sendall(self.request)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            self.more(received)
        head = bytes(received[:end])
        length = int(re.search(rb"content-length: ([0-9]+)", head)[1])
        while len(received) < end + 4 + length:
            self.more(received)
        if b"connection: close" in head:
            self.client = None
        if not head.startswith(b"HTTP/1.1 200 "):
            raise AssertionError(head.split(b"\r\n")[0].decode())
        body = bytes(received[end + 4 :])
        self.check(gzip.decompress(body) if b"content-encoding: gzip" in head else body)

    def more(self, received):
        some = self.client.recv(1 << 20)
        if not some:
            raise ConnectionError("the connection was closed")
        received += some

    def check(self, body):
        """A body that is not whole, or older than the one before, is a failed scrape."""
        if not body.endswith(b"# EOF\n"):
            raise AssertionError("the body is not whole")
        seen = int(re.search(rb"\nseen_total ([0-9]+)\n", body)[1])
        if seen < self.seen:
            raise AssertionError(f"seen_total fell from {self.seen} to {seen}")
        self.seen = seen


def peak_memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s*([0-9]+) kB", status.read())[1]) / 1024


def lay(program, siege, seconds, interval):
    """Lays one siege; returns what came of it."""

    def limit():
        if siege.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (siege.descriptors, siege.descriptors))

    server = subprocess.Popen(
        [program, "--listen", "127.0.0.1:0", *siege.arguments], stdout=subprocess.PIPE, text=True, preexec_fn=limit
    )
    besiegers = []
    try:
        port = int(GREETING.match(server.stdout.readline())[2])
        scraper = Scraper(port, siege)
        # It was there before the siege.
        for _ in range(3):
            scraper.scrape()
        if siege.kind:
            # Two processes: one would be as slow as its language.
            for part in range(2):
                besieger = multiprocessing.Process(target=besiege, args=(siege.kind, siege.clients // 2, port), daemon=True)
                besieger.start()
                besiegers.append(besieger)
            time.sleep(1)
        times, failures = [], []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            start = time.monotonic()
            try:
                scraper.scrape()
            except (OSError, AssertionError) as failure:
                failures.append(str(failure))
            times.append(time.monotonic() - start)
            time.sleep(max(0.0, start + interval - time.monotonic()))
        if server.poll() is not None:
            failures.append(f"the program ended with {server.returncode}")
        memory = peak_memory(server.pid) if server.poll() is None else 0.0
    finally:
        for besieger in besiegers:
            besieger.kill()
            besieger.join()
        server.kill()
        server.wait()
    return sorted(times), failures, memory


def row(siege, times, failures, memory):
    return (
        f"| {siege.name} | {siege.clients} | {len(times)} | {len(failures)} "
        f"| {times[len(times) // 2] * 1000:.0f} | {times[-1] * 1000:.0f} | {memory:.0f} |"
    )


HEAD = (
    "| siege | clients | scrapes | failed | median, ms | slowest, ms | memory, MiB |\n"
    "|---|---|---|---|---|---|---|"
)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("seconds", type=float, nargs="?", default=4.0)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between two scrapes")
    parser.add_argument("--only", default="", help="sieges whose name has this in it")
    parser.add_argument("--strict", action="store_true", help="a slow scrape is a failure too")
    parser.add_argument("--write", help="the page whose table is made anew")
    flags = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    rows, troubles = [], []
    print(HEAD, flush=True)
    for siege in SIEGES:
        if flags.only not in siege.name:
            continue
        times, failures, memory = lay(flags.program, siege, flags.seconds, flags.interval)
        rows.append(row(siege, times, failures, memory))
        print(rows[-1], flush=True)
        troubles.extend(f"{siege.name}: {failure}" for failure in failures)
        if memory > 150:
            troubles.append(f"{siege.name}: {memory:.0f} MiB, and 150 are allowed")
        if times[-1] > siege.bound:
            slow = f"{siege.name}: a scrape took {times[-1]:.2f} s, and {siege.bound} are allowed"
            if flags.strict:
                troubles.append(slow)
            else:
                print(f"siege: slow: {slow}")
    if flags.write:
        with open(flags.write, encoding="utf-8") as page:
            text = page.read()
        begin, end = "<!-- siege.py: begin -->\n", "<!-- siege.py: end -->"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        with open(flags.write, "w", encoding="utf-8") as page:
            page.write(before + begin + "\n".join([HEAD, *rows]) + "\n" + end + after)
    for trouble in troubles:
        print(f"siege: {trouble}", file=sys.stderr)
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
