#!/usr/bin/env python3
"""Facts from an outbox through a bad network, both ends killed: nothing lost, nothing twice, counts in their order.

Usage: outbox.py --atpd BINARY --atp BINARY --driver BINARY [--batches N] [--facts N] [--kills N] [--pace N] [--seed N]
                 [--must-meet-all]

Between the source (outbox_driver) and atpd stands a proxy that knows the frames of the transport: it drops, repeats, delays
and swaps messages of both connections, and cuts them. Meanwhile both ends are killed -9 at random and started again on
their folders. In the end every position must be what the source's own books say. --pace 10: ten times as long between two
kills. --must-meet-all: the run fails unless each of these was met, on each of the connections where it may happen.
"""
import argparse
import json
import os
import random
import socket
import subprocess
import threading
import time

from reliability import Atpd, Failed, Workshop, free_port, main, must_audit, must_check

DEADLINE_S = 1800


class Weather:
    """How bad a connection is: chances for each message."""

    def __init__(self, drop, repeat, swap, delay, cut):
        self.drop, self.repeat, self.swap, self.delay, self.cut = drop, repeat, swap, delay, cut


PUBLISHED = Weather(drop=0.2, repeat=0.1, swap=0.2, delay=0.05, cut=0.01)
ASKED = Weather(drop=0.01, repeat=0.05, swap=0, delay=0.1, cut=0.02)
STORM_OVER = Weather(0, 0, 0, 0, 0)


def read_exactly(peer, size):
    parts = bytearray()
    while len(parts) < size:
        part = peer.recv(size - len(parts))
        if not part:
            raise ConnectionError
        parts += part
    return bytes(parts)


class Proxy:
    """Listens on a port of its own; each connection goes to where `target` is at that moment."""

    def __init__(self, weather, seed):
        self.weather = weather
        self.chance = random.Random(seed)
        self.target = None
        self.counts = {"passed": 0, "dropped": 0, "repeated": 0, "swapped": 0, "delayed": 0, "cut": 0}
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.url = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                far.settimeout(None)
                for peer in (near, far):  # before one of them can end the other
                    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except (OSError, TypeError):
                near.close()
                continue
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def draw(self, what):
        """True with the chance of that, counted."""
        with self.lock:
            is_so = self.chance.random() < getattr(self.weather, what)
            return is_so

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def pump(self, source, sink):
        held = None
        try:
            sink.sendall(read_exactly(source, 8))  # the greeting
            while True:
                head = read_exactly(source, 8)
                frame = head + read_exactly(source, int.from_bytes(head, "big"))
                if self.draw("cut"):
                    self.count("cut")
                    raise ConnectionError
                if self.draw("drop"):
                    self.count("dropped")
                    continue
                if self.draw("delay"):
                    self.count("delayed")
                    time.sleep(self.chance.uniform(0, 0.02))
                if held is None and self.draw("swap"):
                    held = frame
                    self.count("swapped")
                    continue
                times = 1
                if self.draw("repeat"):
                    times = 2
                    self.count("repeated")
                sink.sendall(frame * times + (held or b""))
                held = None
                self.count("passed")
        except OSError:
            pass
        for peer in (source, sink):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            peer.close()


class Source:
    """The driver, which goes on where its folder is."""

    def __init__(self, arguments, folder, asked, published):
        self.command = [arguments.driver, "run", str(folder), asked.url, published.url, str(arguments.batches),
                        str(arguments.facts)]
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def is_done(self):
        if self.process.poll() is None:
            return False
        out, err = self.process.communicate()
        if self.process.returncode != 0:
            raise Failed(f"the source ended with {self.process.returncode}: {err}{out}")
        return True


def positions(atp, url):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ATP_")}
    done = subprocess.run([atp, "export", "positions", "--json", "--url", url], capture_output=True, text=True,
                          check=False, env=environment)
    if done.returncode != 0:
        raise Failed(f"atp export: {done.stderr}")
    rows = (json.loads(line) for line in done.stdout.splitlines())
    return {(row["sku"], row["node"]): int(row["on_hand"]) for row in rows}


def expected(arguments):
    done = subprocess.run([arguments.driver, "expect", str(arguments.batches), str(arguments.facts)],
                          capture_output=True, text=True, check=True)
    rows = (line.split() for line in done.stdout.splitlines())
    return {(sku, node): int(on_hand) for sku, node, on_hand in rows}


def start_engine(arguments, data, asked, published):
    intake = free_port()
    daemon = Atpd(arguments.atpd, data, options=["--subscribe", f"listen:tcp://127.0.0.1:{intake}"])
    asked.target = int(daemon.url.rsplit(":", 1)[1])
    published.target = intake
    return daemon


def must_meet_all(killed, asked, published):
    met = {**{f"{end} killed": count for end, count in killed.items()},
           **{f"published {what}": count for what, count in published.counts.items()},
           **{f"asked {what}": count for what, count in asked.counts.items() if what != "swapped"}}
    never = [what for what, count in met.items() if count == 0]
    if never:
        raise Failed(f"never met: {', '.join(never)}")


def run(arguments):
    with Workshop(arguments.seed, "outbox") as shop:
        asked, published = Proxy(ASKED, shop.seed + 1), Proxy(PUBLISHED, shop.seed + 2)
        data = shop.folder / "data"
        daemon = start_engine(arguments, data, asked, published)
        source = Source(arguments, shop.folder / "outbox", asked, published)
        killed = {"atpd": 0, "source": 0}
        begun = time.monotonic()
        end = time.monotonic() + DEADLINE_S
        try:
            while not source.is_done():
                if time.monotonic() > end:
                    raise Failed(f"not done in {DEADLINE_S} s")
                time.sleep(shop.chance.uniform(0.05, 0.4) * arguments.pace)
                if sum(killed.values()) >= arguments.kills:
                    asked.weather = published.weather = STORM_OVER
                elif shop.chance.random() < 0.5:
                    daemon.kill()
                    daemon = start_engine(arguments, data, asked, published)
                    killed["atpd"] += 1
                elif source.process.poll() is None:
                    source.kill()
                    source.start()
                    killed["source"] += 1
            has, wanted = positions(arguments.atp, daemon.url), expected(arguments)
            wrong = [f"{key}: {has.get(key)}, not {wanted[key]}" for key in wanted if has.get(key) != wanted[key]]
            if wrong or len(has) != len(wanted):
                raise Failed(f"{len(wrong)} of {len(wanted)} positions are wrong: {'; '.join(wrong[:5])}")
            if daemon.stop() != 0:
                raise Failed("an orderly stop did not end with 0")
        finally:
            if source.process.poll() is None:
                source.kill()
            if daemon.process.poll() is None:
                daemon.kill()
        must_check(arguments.atpd, data)
        must_audit(arguments.atpd, data)
        if arguments.must_meet_all:
            must_meet_all(killed, asked, published)
        facts = arguments.batches * arguments.facts
        return (f"{facts} facts in {arguments.batches} batches in {time.monotonic() - begun:.0f} s, atpd killed "
                f"{killed['atpd']} times, the source {killed['source']} times; published {published.counts}; asked {asked.counts}; none lost, none twice "
                f"(seed {shop.seed})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atpd", required=True)
    parser.add_argument("--atp", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--facts", type=int, default=20)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--pace", type=float, default=1)
    parser.add_argument("--must-meet-all", action="store_true")
    parser.add_argument("--seed", type=int)
    main(run, parser.parse_args())
