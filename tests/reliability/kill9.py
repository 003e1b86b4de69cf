#!/usr/bin/env python3
"""kill -9 under load: every acknowledged op is there after the restart, with the same answer.

Usage: kill9.py --atpd BINARY --driver BINARY [--cycles N] [--seed N]

A cycle: load through libatp, kill -9 at a random moment, atpd --check of what is left, restart, ask again for
every answer of the last cycles. At the end: for every answer of all cycles, and atpd --audit.
"""
import argparse
import signal
import time

from reliability import Atpd, Driver, Failed, Workshop, main, must_audit, must_check


def run(arguments):
    with Workshop(arguments.seed, "kill9") as shop:
        data = shop.folder / "data"
        driver = Driver(arguments.driver, shop.folder / "answers")
        answers = 0
        daemon = Atpd(arguments.atpd, data)
        try:
            driver.begin(daemon.url)
            for cycle in range(arguments.cycles):
                driver.start_load(daemon.url, cycle)
                driver.wait_first_answer(cycle)
                time.sleep(shop.chance.uniform(0.005, 0.1))
                if shop.chance.random() < 0.3:
                    daemon.send(signal.SIGHUP)  # a snapshot is under way when it dies
                    time.sleep(shop.chance.uniform(0, 0.05))
                daemon.kill()
                answers += driver.stop_load()
                must_check(arguments.atpd, data)
                daemon = Atpd(arguments.atpd, data)
                driver.verify(daemon.url, max(0, cycle - 1))
            verified = driver.verify(daemon.url)
            if verified != answers or answers < arguments.cycles:
                raise Failed(f"{verified} answers verified of {answers}")
            if daemon.stop() != 0:
                raise Failed("an orderly stop did not end with 0")
        finally:
            if daemon.process.poll() is None:
                daemon.kill()
        must_check(arguments.atpd, data)
        must_audit(arguments.atpd, data)
        return f"{arguments.cycles} cycles of kill -9, {answers} answers, none lost (seed {shop.seed})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atpd", required=True)
    parser.add_argument("--driver", required=True)
    parser.add_argument("--cycles", type=int, default=5)
    parser.add_argument("--seed", type=int)
    main(run, parser.parse_args())
