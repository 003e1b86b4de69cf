#!/usr/bin/env python3
"""A full disk on either side of an outbox: who tells waits, and in the end all is applied, once.

Usage: outbox_disk.py --atpd BINARY --atp BINARY --driver BINARY --case source|engine [--seed N]

source  The folder of the outbox is on a small tmpfs that is full while the engine is away: the outbox takes no more for
        now, loses nothing, and goes on when there is space again.
engine  The data folder of atpd is on one: when the space kept for facts is used up too, facts are not taken, stay in
        the outbox, and are applied when there is space again. No restart.

Needs root, to mount; skipped with a message elsewhere.
"""
import argparse
import contextlib
import json
import os
import subprocess
import time

from outbox import expected, positions
from reliability import Atpd, Failed, Workshop, free_port, main, must_audit, must_check, skip

DEADLINE_S = 240


@contextlib.contextmanager
def small_disk(folder, mib):
    """A tmpfs of that size."""
    if os.geteuid() != 0:
        skip("only root can mount")
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        skip(f"mount: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(disk, left_bytes):
    """Leaves so much; what is to be removed to have the space again."""
    ballast = disk / "ballast"
    room = os.statvfs(disk)
    with open(ballast, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - left_bytes)
    return ballast


class Source:
    """The driver on a folder."""

    def __init__(self, arguments, folder, url):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [arguments.driver, "run", str(folder), url, "-", str(arguments.batches), str(arguments.facts)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_busy(self):
        """Until it says that the folder takes no more. It must not end before."""
        line = self.process.stdout.readline()
        if line != "busy\n":
            raise Failed(f"the source said {line!r} and {self.process.stderr.read()!r}, not that its folder is full")

    def wait_end(self):
        try:
            _, err = self.process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise Failed(f"not all is applied in {DEADLINE_S} s") from None
        if self.process.returncode != 0:
            raise Failed(f"the source ended with {self.process.returncode}: {err}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def must_be_all(arguments, url):
    has, wanted = positions(arguments.atp, url), expected(arguments)
    wrong = [f"{key}: {has.get(key)}, not {wanted[key]}" for key in wanted if has.get(key) != wanted[key]]
    if wrong or len(has) != len(wanted):
        raise Failed(f"{len(wrong)} of {len(wanted)} positions are wrong: {'; '.join(wrong[:5])}")


def full_source(arguments, shop):
    data = shop.folder / "data"
    daemon = Atpd(arguments.atpd, data)
    daemon.stop()
    with small_disk(shop.folder / "disk", 16) as disk:
        port = free_port()
        ballast = fill(disk, 512 << 10)
        source = Source(arguments, disk / "outbox", f"tcp://127.0.0.1:{port}")
        try:
            source.wait_busy()  # nobody takes anything from it, so that it is the disk
            ballast.unlink()
            daemon = Atpd(arguments.atpd, data, options=["--listen", f"tcp://127.0.0.1:{port}"])
            source.wait_end()
            must_be_all(arguments, f"tcp://127.0.0.1:{port}")
        finally:
            source.kill()
            daemon.kill()
    must_check(arguments.atpd, data)
    must_audit(arguments.atpd, data)
    return "the source's disk full and free again, all applied once"


def durable_op(arguments, url):
    done = subprocess.run([arguments.atp, "stat", "--json", "--url", url], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"atp stat: {done.stderr}")
    return json.loads(done.stdout)["op_durable"]


def wait_stuck(arguments, daemon, source):
    """Until there is no room for facts either: nothing becomes durable any more, and the source is not done."""
    daemon.wait_for("grants_stopped", DEADLINE_S)
    seen = [None]
    while seen != [seen[-1]] * 6:
        if source.process.poll() is not None:
            raise Failed("the source was done on a full disk")
        time.sleep(0.1)
        seen = [*seen, durable_op(arguments, daemon.url)][-6:]


def full_engine(arguments, shop):
    with small_disk(shop.folder / "disk", 48) as disk:
        daemon = Atpd(arguments.atpd, disk / "data")
        ballast = fill(disk, 3 << 20)
        source = Source(arguments, shop.folder / "outbox", daemon.url)
        try:
            wait_stuck(arguments, daemon, source)
            ballast.unlink()
            daemon.wait_for("grants_resumed", DEADLINE_S)
            source.wait_end()
            must_be_all(arguments, daemon.url)
            daemon.kill()
            must_check(arguments.atpd, disk / "data")
            must_audit(arguments.atpd, disk / "data")
        finally:
            source.kill()
            daemon.kill()
    return "the engine's disk full and free again, all applied once"


def run(arguments):
    begun = time.monotonic()
    with Workshop(arguments.seed, f"outbox-disk-{arguments.case}") as shop:
        said = (full_source if arguments.case == "source" else full_engine)(arguments, shop)
    return f"{said}: {arguments.batches * arguments.facts} facts in {time.monotonic() - begun:.1f} s"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atpd", required=True)
    parser.add_argument("--atp", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--case", required=True, choices=["source", "engine"])
    parser.add_argument("--batches", type=int, default=1500)
    parser.add_argument("--facts", type=int, default=100)
    parser.add_argument("--seed", type=int)
    main(run, parser.parse_args())
