#!/usr/bin/env python3
"""Damage end to end: flipped bits and cut files in a real data folder are named, or leave the state as it was.

Usage: damage.py --atpd BINARY --driver BINARY [--damages N] [--seed N]

One folder is made by load, snapshots and an orderly stop. Each damage is done to a copy of it: a bit flipped, a file
cut, a run of bytes zeroed, a file removed or swapped with another of its kind; in journal segments, snapshots,
seals and genesis. Then `atpd --check` must either name the file (status not 0), or find the very state there was.
Every few damages atpd is also started on the copy: it must refuse, or give every answer again.
"""
import argparse
import re
import shutil
import signal

from reliability import Atpd, Driver, Failed, Workshop, check, main, must_check

STARTS_EVERY = 10
STARTS_TO_REST = 10
MARK_SIZE = 80  # zeros over the last frames and the mark behind them leave nothing that tells: docs/reliability.md


def make_folder(arguments, shop, driver, data):
    """Load, a snapshot, load, a snapshot, load, stop: two generations and some segments, all declared durable. Its state."""
    daemon = Atpd(arguments.atpd, data, options=["--journal-segment-bytes", "256KiB"])
    driver.begin(daemon.url)
    for cycle in range(3):
        driver.start_load(daemon.url, cycle, 1500)
        driver.wait_load()
        if cycle < 2:
            daemon.send(signal.SIGHUP)
            daemon.wait_for("snapshot_completed", times=cycle + 1)
    daemon.kill()  # no last snapshot: the journal has a tail after the newer one
    return declare(arguments, data)


def declare(arguments, data):
    """A start declares what it finds. It must write nothing behind that, or the last frame could look torn."""
    state = state_of(must_check(arguments.atpd, data))
    for _ in range(STARTS_TO_REST):
        Atpd(arguments.atpd, data).kill()
        before, state = state, state_of(must_check(arguments.atpd, data))
        if state == before:
            return state
    raise Failed(f"{STARTS_TO_REST} starts, and each wrote something behind its mark")


def state_of(said):
    found = re.search(r"state hash +([0-9a-f]{16})\n.*holds", said)
    last = re.search(r"ledger +op (\d+)", said)
    if found is None or last is None:
        raise Failed(f"atpd --check says no state: {said}")
    return found.group(1), int(last.group(1))


def used_size(path):
    """How much of a file is not zeros at its end, at least one byte."""
    return max(1, len(path.read_bytes().rstrip(b"\0")))


def flip(shop, path, _files):
    data = bytearray(path.read_bytes())
    at = shop.chance.randrange(used_size(path))
    data[at] ^= 1 << shop.chance.randrange(8)
    path.write_bytes(data)
    return f"bit flipped in byte {at}"


def cut(shop, path, _files):
    data = path.read_bytes()
    at = shop.chance.randrange(used_size(path))
    path.write_bytes(data[:at])
    return f"cut to {at} bytes"


def zero(shop, path, _files):
    data = bytearray(path.read_bytes())
    at = shop.chance.randrange(used_size(path))
    size = min(shop.chance.choice([8, 512, 4096]), max(8, used_size(path) - MARK_SIZE - at), len(data) - at)
    data[at : at + size] = bytes(size)
    path.write_bytes(data)
    return f"{size} bytes zeroed at {at}"


def remove(_shop, path, _files):
    path.unlink()
    return "removed"


def swap(shop, path, files):
    other = shop.chance.choice([f for f in files if f.suffix == path.suffix and f != path] or [path])
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)
    return f"swapped with {other.name}"


def files_of(folder):
    files = [folder / "genesis", *sorted((folder / "snapshot").glob("*/*"))]
    for segment in sorted((folder / "journal").glob("*.seg")):
        if segment.read_bytes().rstrip(b"\0"):
            files.append(segment)
    return [f for f in files if f.stat().st_size > 0]


def judge(shop, folder, sound, what):
    """True if it was named, false if it left the state as it was."""
    status, said, complaint = check(shop.atpd, folder)
    if status < 0 or "Sanitizer" in complaint or "assert" in complaint.lower():
        raise Failed(f"{what}: atpd --check ended with {status}: {complaint}")
    if status != 0:
        if len(complaint.strip()) < 20:
            raise Failed(f"{what}: not named: {complaint}")
        return True
    if state_of(said) != sound:
        raise Failed(f"{what}: SILENT: {said}{complaint}")
    return False


def try_start(arguments, driver, folder, what):
    daemon = Atpd(arguments.atpd, folder, must_start=False)
    try:
        if daemon.wait_ready():
            driver.verify(daemon.url)
        elif daemon.end() < 0 or "cannot_start" not in daemon.text():
            raise Failed(f"{what}: the start ended without a reason: {daemon.text()}")
    finally:
        daemon.kill()


def run(arguments):
    with Workshop(arguments.seed, "damage") as shop:
        shop.atpd = arguments.atpd
        driver = Driver(arguments.driver, shop.folder / "answers")
        data = shop.folder / "data"
        sound = make_folder(arguments, shop, driver, data)
        named = 0
        for number in range(arguments.damages):
            folder = shop.folder / "copy"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(data, folder)
            files = files_of(folder)
            path = shop.chance.choice(files)
            harm = shop.chance.choices([flip, cut, zero, remove, swap], [60, 15, 15, 5, 5])[0]
            what = f"{path.relative_to(folder)}: {harm(shop, path, files)}"
            named += judge(shop, folder, sound, what)
            if number % STARTS_EVERY == 0:
                try_start(arguments, driver, folder, what)
        return (f"{arguments.damages} damages: {named} named, {arguments.damages - named} harmless, "
                f"none silent (seed {shop.seed})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atpd", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--damages", type=int, default=100)
    parser.add_argument("--seed", type=int)
    main(run, parser.parse_args())
