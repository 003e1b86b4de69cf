#!/usr/bin/env python3
"""A feed while its loader and atpd are killed in the middle of it, sources go on and customers reserve.

Usage: feed.py --atpd BINARY --atp BINARY [--kills N] [--seed N]

Two sources keep their facts in outboxes. Of each some are told before the feed, some were counted by it and are told while it is
loaded, some happened after its point and are told then too. Meanwhile atpd, the loader or both are killed -9 at random; atpd is started
again on its folder, the loader with the same words. In the end

    on hand  =  what the feed counted + what happened after its point         of a position in the file
             =  all that was told                                             of one that is not

and the report of the load that came to its end has the corrections of those before it. The same file once more does nothing, and
reports the same. Every reservation that was granted is there. By hand, longer: --kills 100.
"""
import argparse
import collections
import csv
import json
import os
import subprocess
import threading
import time

from outbox import Proxy, STORM_OVER, start_engine
from reliability import Failed, Workshop, free_port, main, must_audit, must_check

SKUS = 100
NODES = 10
SOURCES = ("wms", "pos")
DEADLINE_S = 240


class World:
    """What happens, in its true order: before, counted and told late, after the point of the feed."""

    def __init__(self, chance):
        self.positions = [(f"s{i}", f"n{k}") for i in range(SKUS) for k in range(NODES)]
        self.told = {part: {source: [] for source in SOURCES} for part in ("before", "late", "after")}
        self.sums = {part: collections.Counter() for part in self.told}
        for position in self.positions:
            self.happen("before", "wms", "receive", position, chance.randint(50, 100))
        for part, count in (("before", 500), ("late", 200), ("after", 200)):
            for _ in range(count):
                kind = chance.choice(("receive", "sale"))
                self.happen(part, chance.choice(SOURCES), kind, chance.choice(self.positions), chance.randint(1, 5))
        self.untold = {position: chance.choice((-3, -1, 2)) for position in self.positions if chance.random() < 0.03}
        self.counted = {position: self.sums["before"][position] + self.sums["late"][position] + self.untold.get(position, 0)
                        for position in self.positions if chance.random() < 0.9}

    def happen(self, part, source, kind, position, qty):
        self.told[part][source].append({"op": kind, "sku": position[0], "node": position[1], "qty": qty})
        self.sums[part][position] += qty if kind == "receive" else -qty

    def on_hand(self, position):
        if position in self.counted:
            return self.counted[position] + self.sums["after"][position]
        return sum(sums[position] for sums in self.sums.values())

    def corrections(self):
        """Of positions of which nothing was told late: whether it came before or after the count is chance."""
        late = {(fact["sku"], fact["node"]) for facts in self.told["late"].values() for fact in facts}
        return {position: qty for position, qty in self.untold.items() if position in self.counted and position not in late}, late


class Shop:
    def __init__(self, arguments, shop):
        self.atp = arguments.atp
        self.atpd = arguments.atpd
        self.chance = shop.chance
        self.folder = shop.folder
        self.data = shop.folder / "data"
        self.asked, self.published = Proxy(STORM_OVER, 1), Proxy(STORM_OVER, 2)
        self.daemon = None
        self.start()

    def start(self):
        self.daemon = start_engine(self, self.data, self.asked, self.published)

    def begin(self, *words, url=None, text=None):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ATP_")}
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [self.atp, "--url", url or self.asked.url, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment, cwd=self.folder)
        if text is None:
            process.stdin.close()
            process.stdin = None
        return process

    def run(self, *words, url=None, text=None):
        process = self.begin(*words, url=url, text=text)
        out, err = process.communicate(text, timeout=DEADLINE_S)
        if process.returncode != 0:
            raise Failed(f"atp {' '.join(map(str, words))}: {process.returncode}: {err}{out}")
        return out

    def publish(self, source, facts, *words, url=None):
        lines = "".join(json.dumps(fact) + "\n" for fact in facts)
        return self.run("publish", source, "--folder", source, *words, url=url, text=lines)

    def point(self, source):
        """Epoch and newest number of an outbox."""
        told = json.loads(self.run("outbox", source, "--json"))
        return f"{source}={told['epoch']}:{told['next'] - 1}"

    def positions(self):
        rows = (json.loads(line) for line in self.run("export", "positions", "--json").splitlines())
        return {(row["sku"], row["node"]): row for row in rows}


def write_feed(path, counted):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sku", "node", "on_hand", "safety_stock", "name", "scale"])
        writer.writerows([*position, qty, 0, "", 0] for position, qty in counted.items())


class Customers(threading.Thread):
    """Reserve one unit after the other. Of one that got no answer nobody knows."""

    def __init__(self, shop, positions):
        super().__init__(daemon=True)
        self.shop, self.places = shop, positions
        self.granted, self.unknown = collections.Counter(), collections.Counter()
        self.is_over = threading.Event()

    def run(self):
        number = 0
        while not self.is_over.is_set():
            number += 1
            position = self.places[number * 7 % len(self.places)]
            process = self.shop.begin("reserve", "@".join(position) + "=1", "--id", f"r{number}", "--ttl", "1h", "--timeout", "5s")
            process.communicate()
            (self.granted if process.returncode == 0 else self.unknown)[position] += 1


def wait_for(process, seconds):
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    return process.poll() is not None


def load_with_kills(shop, words, kills):
    """Kills whoever it is while the load runs; returns how often whom, once a load has come to its end."""
    killed = collections.Counter()
    end = time.monotonic() + DEADLINE_S
    began = time.monotonic()
    took = 1.0
    while True:
        if time.monotonic() > end:
            raise Failed(f"no load came to its end in {DEADLINE_S} s")
        load, victims = shop.begin(*words), ()
        is_last = sum(killed.values()) >= kills
        if not is_last and not wait_for(load, shop.chance.uniform(0, took)):
            victims = shop.chance.choice((("atpd",), ("load",), ("atpd", "load")))
            if "load" in victims:
                load.kill()
            if "atpd" in victims:
                shop.daemon.kill()
                shop.start()
            killed.update(victims)
        out, err = load.communicate(timeout=DEADLINE_S)
        if load.returncode == 0:
            if is_last:
                return killed, json.loads(out)
            took = max(0.1, time.monotonic() - began)
        elif not victims:
            raise Failed(f"the load ended with {load.returncode}: {err}{out}")
        began = time.monotonic()


def corrections_of(path):
    told = json.loads(path.read_text(encoding="utf-8"))
    return {(row["sku"], row["node"]): int(row["correction"]) for row in told["corrections"]}


def must_agree(shop, world, customers):
    rows = shop.positions()
    wrong = [f"{position}: {rows.get(position, {}).get('on_hand')}, not {world.on_hand(position)}"
             for position in world.positions if int(rows.get(position, {}).get("on_hand", -1)) != world.on_hand(position)]
    if wrong:
        raise Failed(f"{len(wrong)} of {len(world.positions)} positions are wrong: {'; '.join(wrong[:5])}")
    for position, row in rows.items():
        most = customers.granted[position] + customers.unknown[position]
        if not customers.granted[position] <= int(row["reserved"]) <= most:
            raise Failed(f"{position}: {row['reserved']} reserved, {customers.granted[position]} granted")


def must_report(told, world):
    wanted, late = world.corrections()
    has = {position: qty for position, qty in told.items() if position not in late}
    if has != wanted:
        raise Failed(f"the report has {len(has)} corrections, not {len(wanted)}: {set(has.items()) ^ set(wanted.items())}")


def run(arguments):
    with Workshop(arguments.seed, "feed") as workshop:
        world = World(workshop.chance)
        shop = Shop(arguments, workshop)
        publishers, customers = [], Customers(shop, world.positions)
        try:
            names = [{"op": "sku", "sku": f"s{i}"} for i in range(SKUS)]
            names += [{"op": "node", "node": f"n{k}"} for k in range(NODES)]
            nowhere = f"tcp://127.0.0.1:{free_port()}"
            for source in SOURCES:
                shop.publish(source, names + world.told["before"][source])
                shop.publish(source, world.told["late"][source], "--no-wait", url=nowhere)
            points = [word for source in SOURCES for word in ("--includes", shop.point(source))]
            for source in SOURCES:
                shop.publish(source, world.told["after"][source], "--no-wait", url=nowhere)
            write_feed(workshop.folder / "feed.csv", world.counted)
            customers.start()
            publishers = [shop.begin("publish", source, "--folder", source, "--publish", shop.published.url)
                          for source in SOURCES]
            words = ["load", "feed.csv", "--profile", "native", "--feed", "night", *points, "--json", "--report"]
            killed, _ = load_with_kills(shop, [*words, "night.json"], arguments.kills)
            for publisher in publishers:
                _, err = publisher.communicate(timeout=DEADLINE_S)
                if publisher.returncode != 0:
                    raise Failed(f"atp publish ended with {publisher.returncode}: {err}")
            customers.is_over.set()
            customers.join()
            must_agree(shop, world, customers)
            told = corrections_of(workshop.folder / "night.json")
            must_report(told, world)
            again = json.loads(shop.run(*words, "again.json"))
            if again["applied"] != 0 or corrections_of(workshop.folder / "again.json") != told:
                raise Failed(f"the same file again did something, or reports something else: {again}")
            must_agree(shop, world, customers)
            if shop.daemon.stop() != 0:
                raise Failed("an orderly stop did not end with 0")
        finally:
            customers.is_over.set()
            for process in [*publishers, shop.daemon.process]:
                if process.poll() is None:
                    process.kill()
        must_check(arguments.atpd, shop.data)
        must_audit(arguments.atpd, shop.data)
        return (f"{len(world.counted)} counts, {len(told)} corrections, atpd killed {killed['atpd']} times, the loader "
                f"{killed['load']} times, {sum(customers.granted.values())} reservations; all as it should be "
                f"(seed {workshop.seed})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atpd", required=True)
    parser.add_argument("--atp", required=True)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int)
    main(run, parser.parse_args())
