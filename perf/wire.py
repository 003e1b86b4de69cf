#!/usr/bin/env python3
"""The wire: durable reserves and availability over TCP on one machine, and the same job on Redis and PostgreSQL.

Usage: perf/wire.py [--smoke] [--build DIR] [--work DIR] [--no-peers]

All servers run from the start to the end, idle but when it is their turn; each row is measured one after the other, so
that its figures are side by side in time. Prints Markdown.
"""
import argparse
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # before our own modules are read: nothing is left in the source tree

import harness
from servers import Atpd, Postgres, Redis, Result

POSITIONS = 100_000
PEERS = ["redis-server", "redis-benchmark", f"{Postgres.BIN}/postgres", "pgbench"]

# name, ops, flags of atp bench, ops and (clients, pipeline) on Redis, ops and clients on PostgreSQL, figure
RESERVES = [
    ("1,000 a message, 4 clients", 3_000_000, ("--batch", 1000, "--clients", 4), 400_000, (4, 1000), None, "batch1000"),
    ("64 a message, 8 clients", 1_000_000, ("--batch", 64, "--clients", 8), 300_000, (8, 64), None, "batch64"),
    ("1 a call, 50 threads on one handle", 300_000, ("--clients", 50), 100_000, (50, 1), (20_000, 50), "handle50"),
    ("1 a message, 50 connections", 100_000, ("--clients", 50, "--handles"), 100_000, (50, 1), (20_000, 50), "conn50"),
    ("1 a call, one client alone", 10_000, ("--clients", 1), 10_000, (1, 1), (5_000, 1), "alone"),
    ("1,000 in flight, async on one handle", 1_000_000, ("--async", 1000), 300_000, (50, 20), None, "async1000"),
]

READS = [
    ("1,000 a message, 4 clients", 3_000_000, ("--batch", 1000, "--clients", 4), 2_000_000, (4, 1000), "avail1000"),
    ("64 a message, 8 clients", 1_000_000, ("--batch", 64, "--clients", 8), 1_000_000, (8, 64), "avail64"),
    ("1 a message, 50 threads on one handle", 200_000, ("--clients", 50), 100_000, (50, 1), "avail50"),
    ("1 a message, one client alone", 20_000, ("--clients", 1), 20_000, (1, 1), "avail1"),
]


class Wire:
    def __init__(self, options, folder):
        self.folder = folder
        self.positions = 2_000 if options.smoke else POSITIONS
        positions = self.positions
        self.build = options.build
        self.scale = 0.01 if options.smoke else 1.0
        self.atpd = Atpd(options.build, folder, positions, 4_000_000 if options.smoke else Atpd.ROOM)
        self.aof = Redis(folder, positions, True) if options.peers else None
        self.redis = Redis(folder, positions, False) if options.peers else None
        self.postgres = Postgres(folder, positions) if options.peers else None

    def ops(self, number):
        return max(number * self.scale, 200)

    def reserve(self, ops, *flags, demand="uniform"):
        return self.atpd.bench("reserve", self.ops(ops), *flags, demand=demand)

    # ---- reserve ----

    def reserve_row(self, name, ops, flags, redis_ops, redis_shape, postgres_shape, key, demand="uniform"):
        ours = self.reserve(ops, *flags, demand=demand)
        harness.figure(f"wire_{key}_rate", ours.rate)
        harness.figure(f"wire_{key}_p50_us", ours.p50)
        harness.figure(f"wire_{key}_p99_us", ours.p99)
        cells = [name, *ours.cells()]
        if self.aof:
            is_hot = demand == "hot"
            aof = self.aof.reserve(self.ops(redis_ops), *redis_shape, is_hot=is_hot)
            memory = self.redis.reserve(self.ops(redis_ops), *redis_shape, is_hot=is_hot)
            harness.figure(f"wire_{key}_vs_redis_aof", ours.rate / aof.rate)
            harness.figure(f"redis_aof_{key}_rate", aof.rate)
            cells += [*aof.cells(), harness.count(memory.rate), self.postgres_cell(postgres_shape, is_hot),
                      f"{ours.rate / aof.rate:.1f}x"]
        harness.Table.row(*cells)
        return ours

    def postgres_cell(self, shape, is_hot):
        if shape is None:
            return "-"
        return harness.count(self.postgres.reserve(self.ops(shape[0]), shape[1], is_hot).rate)

    def reserves(self):
        print("Durable reserves of one line, a second; latency in microseconds of a call (of a pipeline, for Redis):")
        heads = ["reserve", "atpd", "p50", "p99"]
        if self.aof:
            heads += ["Redis, AOF always", "p50", "p99", "Redis, no AOF", "PostgreSQL", "atpd / Redis AOF"]
        harness.Table(*heads)
        results = {row[-1]: self.reserve_row(*row) for row in RESERVES}
        name, ops, flags, redis_ops, shape, postgres, key = RESERVES[2]
        hot = self.reserve_row(name + ", one hot SKU", ops, flags, redis_ops, shape, postgres, key + "_hot", "hot")
        harness.figure("wire_hot_ratio", hot.rate / results["handle50"].rate)
        print(f"\nOne hot SKU / spread, 50 threads on one handle: {hot.rate / results['handle50'].rate:.2f}. "
              f"Hash of all answers, first row: {results['batch1000'].hash}")
        return results

    def steady(self):
        """The tables have been full once: every page is there, and each new reservation takes the place of one that ended."""
        room = int(max(2_000_000 * self.scale, 20_000))
        atpd = Atpd(self.build, self.folder, self.positions, room, "steady")
        atpd.bench("reserve", room, "--batch", 1000, "--clients", 4, ttl="1s")
        time.sleep(4)  # all of them expire
        print(f"\nWith tables of {room:,} reservations that have been full once, each new one in the place of one that ended:")
        harness.Table("reserve", "atpd", "p50", "p99")
        for name, flags, key in (("1,000 a message, 4 clients", ("--batch", 1000, "--clients", 4), "batch1000"),
                                 ("64 a message, 8 clients", ("--batch", 64, "--clients", 8), "batch64")):
            result = atpd.bench("reserve", room * 0.45, *flags)
            harness.figure(f"steady_{key}_rate", result.rate)
            harness.Table.row(name, *result.cells())
        atpd.stop()

    def costs(self):
        """Where the processor time goes: it adds up whatever else the machine does."""
        threads = ["client", "nng:task", "nng:poll:epoll", "atp-ledger", "atp-journal", "atp-keeper"]
        print("\nProcessor time of one durable reserve, ns, by thread of atpd (setting up the stock, part of the client's work, "
              "taken off; of atpd's threads it is within a few per cent):")
        harness.Table("reserve", *threads, "others", "in all", "so two cores can do at most, a second")
        for name, ops, flags, *_ in RESERVES[:4]:
            costs = self.atpd.costs(int(self.ops(ops)), *flags)
            total = sum(costs.values())
            others = total - sum(costs.get(thread, 0) for thread in threads)
            harness.Table.row(name, *(f"{costs.get(thread, 0):,.0f}" for thread in threads), f"{others:,.0f}", f"{total:,.0f}",
                              harness.count(2e9 / total))

    def clients(self):
        print("\nDurable reserves of one line a call, by number of clients:")
        harness.Table("clients", "one handle", "p50", "p99", "a connection each", "p50", "p99", "one handle, hot SKU", "p50",
                      "p99")
        for clients in (1, 2, 4, 8, 16, 32, 64):
            ops = min(20_000 + 4_000 * clients, 200_000)
            one = self.reserve(ops, "--clients", clients)
            own = self.reserve(ops // 2, "--clients", clients, "--handles")
            hot = self.reserve(ops, "--clients", clients, demand="hot")
            harness.Table.row(clients, *one.cells(), *own.cells(), *hot.cells())

    # ---- availability ----

    def reads(self):
        print("\nAvailability of one position, a second; latency in microseconds:")
        heads = ["availability", "atpd", "p50", "p99"]
        if self.redis:
            heads += ["Redis HGET", "p50", "p99", "atpd / Redis"]
        harness.Table(*heads)
        for name, ops, flags, redis_ops, shape, key in READS:
            ours = self.atpd.bench("avail", self.ops(ops), *flags)
            harness.figure(f"wire_{key}_rate", ours.rate)
            cells = [name, *ours.cells()]
            if self.redis:
                theirs = self.redis.available(self.ops(redis_ops), *shape)
                harness.figure(f"wire_{key}_vs_redis", ours.rate / theirs.rate)
                cells += [*theirs.cells(), f"{ours.rate / theirs.rate:.1f}x"]
            harness.Table.row(*cells)

    def beside_writes(self, most):
        """One message, one position, while one client writes in batches of 64; a bare NNG echo under the same load."""
        print("\nOne availability a message while another client reserves in batches of 64, and an echo of bare NNG with "
              "the same reserves beside it; microseconds:")
        harness.Table("asked", "p50", "p99", "reserves a second meanwhile")
        avail, beside = self.with_writer(
            lambda: self.atpd.read(harness.run(self.atpd.command("avail", self.ops(20_000), "--clients", 1))))
        harness.Table.row("availability from atpd", f"{avail.p50:,.1f}", f"{avail.p99:,.1f}", harness.count(beside))
        echo, beside_echo = self.with_writer(self.echo)
        harness.Table.row("echo of bare NNG", f"{echo.p50:,.1f}", f"{echo.p99:,.1f}", harness.count(beside_echo))
        print(f"\np50 of availability / echo: {avail.p50 / echo.p50:.2f}; the writes are {beside / most:.0%} of the most "
              "measured above at 64 a message.")
        harness.figure("avail_vs_echo_p50", avail.p50 / echo.p50)
        harness.figure("avail_beside_writes_p99_us", avail.p99)

    def with_writer(self, body):
        command = self.atpd.command("reserve", 10**9, "--batch", 64, "--clients", 1)
        writer = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        harness.started.append(writer)
        time.sleep(1)
        result = body()
        writer.send_signal(2)  # ends the run; it reports what it did
        told, failure = writer.communicate(timeout=60)
        if not told:
            sys.exit(f"the writer failed: {failure}")
        return result, self.atpd.read(told).rate

    def echo(self):
        text = harness.run([f"{self.build}/perf/atp_bench_echo", "--bare", "--calls", int(self.ops(20_000))])
        cells = [line for line in text.splitlines() if line.startswith("bare NNG echo, 1 in flight")][0].split()
        return Result(float(cells[-7]), float(cells[-6]), float(cells[-5]))


def main():
    parser = argparse.ArgumentParser(description="the wire, beside Redis and PostgreSQL")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--build", default=str(harness.ROOT / "build/release"))
    parser.add_argument("--work", default=str(harness.ROOT / "build/perf"))
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    options = parser.parse_args()
    missing = [peer for peer in PEERS if shutil.which(peer) is None]
    if options.peers and missing:
        print(f"Without peers, {', '.join(missing)} not being installed (tools/install-deps perf).\n")
        options.peers = False
    wire = Wire(options, harness.work_folder(options.work))
    results = wire.reserves()
    wire.costs()
    wire.steady()
    wire.clients()
    wire.reads()
    wire.beside_writes(results["batch64"].rate)


if __name__ == "__main__":
    main()
