#!/usr/bin/env python3
"""A failing and a full disk under the real atpd.

Usage: disk_faults.py --atpd BINARY --driver BINARY --case sync_error|full [--seed N] [--cycles N]

sync_error  strace makes the Nth fdatasync of the journal fail with EIO: atpd ends, not with 0, and answers nothing
            after it; started again, every acknowledged op is there.
full        The data folder is on a small tmpfs that is filled up: grants are answered `unavailable`, releases and
            reads go on; when there is space again grants resume without a restart, and nothing is lost.
"""
import argparse
import os
import shutil
import subprocess
import time

from reliability import Atpd, Driver, Failed, Workshop, main, must_audit, must_check, skip


def can_trace():
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-f", "-e", "trace=none", "true"], capture_output=True, check=False)
    return done.returncode == 0


def fail_one_sync(arguments, shop, driver, data, cycle):
    """One run whose syncs fail from a random one on; how many answers came."""
    nth = shop.chance.randint(3, 40)  # of each thread: strace counts so
    trace = ["strace", "-f", "-qq", "-o", str(shop.folder / "trace"), "-e", "trace=fdatasync",
             "-e", f"inject=fdatasync:error=EIO:when={nth}+"]
    daemon = Atpd(arguments.atpd, data, wrap=trace, must_start=False)
    answers = 0
    try:
        if daemon.wait_ready(20):
            driver.start_load(daemon.url, cycle, 50000)
            try:
                status = daemon.process.wait(30)
            except subprocess.TimeoutExpired:
                raise Failed(f"fdatasync number {nth} failed and atpd went on") from None
            answers = driver.stop_load()
        else:
            status = daemon.process.wait(5)
        if status == 0:
            raise Failed(f"fdatasync number {nth} failed and atpd ended with 0")
        if "fatal" not in daemon.text() and "cannot_start" not in daemon.text():
            raise Failed(f"the log does not say why it ended:\n{daemon.text()}")
    finally:
        daemon.kill()
    must_check(arguments.atpd, data)
    return answers


def sync_error(arguments, shop):
    if not can_trace():
        skip("strace cannot trace here")
    data = shop.folder / "data"
    driver = Driver(arguments.driver, shop.folder / "answers")
    daemon = Atpd(arguments.atpd, data)
    driver.begin(daemon.url)
    daemon.stop()
    answers = 0
    for cycle in range(arguments.cycles):
        answers += fail_one_sync(arguments, shop, driver, data, cycle)
        daemon = Atpd(arguments.atpd, data)
        try:
            if (shop.folder / "answers").exists():
                driver.verify(daemon.url)
        finally:
            daemon.stop()
    must_audit(arguments.atpd, data)
    return f"{arguments.cycles} failed syncs, {answers} answers, none lost (seed {shop.seed})"


def until(what, wanted, seconds=20):
    """Calls `what` until it says `wanted`."""
    end = time.monotonic() + seconds
    said = what()
    while said != wanted and time.monotonic() < end:
        time.sleep(0.02)
        said = what()
    if said != wanted:
        raise Failed(f"wanted {wanted}, was {said}")


def load_until_refused(driver, url, first_cycle):
    """Loads until grants are refused; the number of the next cycle."""
    for cycle in range(first_cycle, first_cycle + 200):
        driver.start_load(url, cycle, 3000)
        driver.wait_load()
        if driver.grant(url, f"probe-{cycle}") == "unavailable":
            return cycle + 1
    raise Failed("a full disk never stopped the grants")


def full_disk(arguments, shop, disk):
    driver = Driver(arguments.driver, shop.folder / "answers")
    ballast = disk / "ballast"
    daemon = Atpd(arguments.atpd, disk / "data", options=["--journal-reserve-bytes", "1MiB"])
    try:
        driver.begin(daemon.url)
        left = os.statvfs(disk)
        with open(ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, left.f_bavail * left.f_frsize - (1 << 20))
        cycle = load_until_refused(driver, daemon.url, 0)
        daemon.wait_for("grants_stopped")
        until(lambda: driver.read(daemon.url), "applied 4")
        done = driver.run("release", daemon.url, "0-0", "release-when-full", may_fail=True)
        if done in ("unavailable", "busy", "timeout", ""):
            raise Failed(f"a release on a full disk was answered {done}")
        ballast.unlink()
        until(lambda: driver.grant(daemon.url, f"after-{time.monotonic_ns()}") != "unavailable", True)
        daemon.wait_for("grants_resumed")
        driver.start_load(daemon.url, cycle, 3000)
        answers = driver.wait_load()
        if answers == 0:
            raise Failed("nothing is answered after space has returned")
        driver.verify(daemon.url)
        daemon.kill()
        must_check(arguments.atpd, disk / "data")
        daemon = Atpd(arguments.atpd, disk / "data")
        answers = driver.verify(daemon.url)
    finally:
        daemon.kill()
    must_audit(arguments.atpd, disk / "data")
    return f"disk full and free again, {answers} answers, none lost"


def full(arguments, shop):
    if os.geteuid() != 0:
        skip("only root can mount")
    disk = shop.folder / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(disk)], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        skip(f"mount: {done.stderr.strip()}")
    try:
        return full_disk(arguments, shop, disk)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def run(arguments):
    with Workshop(arguments.seed, f"disk-{arguments.case}") as shop:
        return sync_error(arguments, shop) if arguments.case == "sync_error" else full(arguments, shop)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atpd", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--case", required=True, choices=["sync_error", "full"])
    parser.add_argument("--cycles", type=int, default=5)
    parser.add_argument("--seed", type=int)
    main(run, parser.parse_args())
