#!/usr/bin/env python3
"""Power cuts: what the disk has at some moment under load is all there is, and every acknowledged op is in it.

Usage: power_cut.py --atpd BINARY --driver BINARY [--cycles N] [--seed N] [--no-sync LIBRARY]

The data folder is on ext4 on a loop-mounted image. A cycle: load through libatp, SIGSTOP at a random moment, copy
the image (what programs wrote and nobody synced is not in it), mount the copy, atpd --check, start there, ask again
for every answer of the last cycles. Needs root; is skipped where nothing can be mounted.

--no-sync LIBRARY: atpd runs with syncs that soon do nothing. Then the harness must find a loss, or it proves nothing.
"""
import argparse
import os
import shutil
import signal
import subprocess
import time

from reliability import Atpd, Driver, Failed, Workshop, main, must_audit, must_check, skip

IMAGE_MIB = 192
OPS = 3000


def sh(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr.strip()


class Mounted:
    """An image mounted at a folder of its own."""

    def __init__(self, image, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        done, why = sh("mount", "-o", "loop,commit=60", str(image), str(folder))
        self.why = None if done else why

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _ in range(100):
            if self.why is not None or sh("umount", str(self.folder))[0]:
                return
            time.sleep(0.02)
        sh("umount", "-l", str(self.folder))


def make_image(path):
    with open(path, "wb") as image:
        image.truncate(IMAGE_MIB << 20)
    done, why = sh("mkfs.ext4", "-q", "-F", str(path))
    if not done:
        skip(f"mkfs.ext4: {why}")


def recover_copy(arguments, driver, copy, folder, first_cycle):
    with Mounted(copy, folder) as mounted:
        if mounted.why is not None:
            raise Failed(f"the copy cannot be mounted: {mounted.why}")
        must_check(arguments.atpd, folder / "data")
        daemon = Atpd(arguments.atpd, folder / "data")
        try:
            driver.verify(daemon.url, first_cycle)
        finally:
            daemon.kill()


def cut_power(arguments, shop, driver, image, cycle, daemon):
    """One cycle; how many answers came in it."""
    copy = shop.folder / "copy.img"
    driver.start_load(daemon.url, cycle, OPS)
    driver.wait_first_answer(cycle)
    time.sleep(shop.chance.uniform(0.005, 0.08))
    if shop.chance.random() < 0.2:
        daemon.send(signal.SIGHUP)
        time.sleep(shop.chance.uniform(0, 0.05))
    daemon.send(signal.SIGSTOP)
    try:
        answers = driver.stop_load()
        shutil.copyfile(image, copy)
    finally:
        daemon.send(signal.SIGCONT)
    recover_copy(arguments, driver, copy, shop.folder / "cut", max(0, cycle - 2))
    copy.unlink()
    return answers


def run_cycles(arguments, shop, image, data):
    driver = Driver(arguments.driver, shop.folder / "answers")
    environment = {}
    if arguments.no_sync:
        environment = {"LD_PRELOAD": arguments.no_sync,
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    daemon = Atpd(arguments.atpd, data, environment=environment)
    answers = 0
    try:
        driver.begin(daemon.url)
        for cycle in range(arguments.cycles):
            answers += cut_power(arguments, shop, driver, image, cycle, daemon)
        driver.verify(daemon.url)
        if daemon.stop() != 0:
            raise Failed("an orderly stop did not end with 0")
    finally:
        if daemon.process.poll() is None:
            daemon.kill()
    must_check(arguments.atpd, data)
    must_audit(arguments.atpd, data)
    return answers


def run(arguments):
    if os.geteuid() != 0:
        skip("only root can mount")
    if os.path.isdir("/dev/shm"):
        os.environ["TMPDIR"] = "/dev/shm"
    with Workshop(arguments.seed, "power-cut") as shop:
        image = shop.folder / "disk.img"
        make_image(image)
        with Mounted(image, shop.folder / "disk") as mounted:
            if mounted.why is not None:
                skip(f"mount: {mounted.why}")
            try:
                answers = run_cycles(arguments, shop, image, shop.folder / "disk" / "data")
            except Failed as failed:
                if arguments.no_sync:
                    return f"without syncs the loss was found: {str(failed).splitlines()[0][:150]}"
                raise
        if arguments.no_sync:
            raise Failed("atpd ran without syncs and nothing was found missing: this harness proves nothing")
        return f"{arguments.cycles} power cuts, {answers} answers, none lost (seed {shop.seed})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atpd", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--no-sync")
    main(run, parser.parse_args())
