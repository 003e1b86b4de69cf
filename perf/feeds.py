#!/usr/bin/env python3
"""What is fed in: live deltas of eight sources, full feeds of stock, X12 846, and reserves beside a feed; the same deltas
and feeds into Redis and PostgreSQL.

Usage: perf/feeds.py [--smoke] [--rows N] [--build DIR] [--work DIR] [--data DIR] [--keep DIR] [--rounds N] [--rate N]
                     [--no-peers] [--part PART]...

The peers get the same data and sync it to disk before they answer: Redis by redis-cli --pipe with its append-only file synced
always, PostgreSQL by COPY into a staging table and a merge in one transaction. Neither knows which batch it has had already. Prints
Markdown. --rows is the size of the feed (1,000,000). --part is deltas, feeds, files or beside; without it all are measured.
--part beside: reserves at half of what the clients get alone (or --rate a second) in --rounds rounds of a second with a feed
stopped by a signal, and as many beside it, by turns. --data puts the data of atpd into another folder: in memory (below /dev/shm) no
sync takes any time, and what is left is the engine. --keep puts feed and data into a folder that stays, and takes them from there the
next time, of --rows of then.
"""
import argparse
import collections
import csv
import datetime
import decimal
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # before our own modules are read: nothing is left in the source tree

import harness
from servers import Atpd, Postgres, Redis

SOURCES = 8
FACTS = 1000  # of a batch
NODES = 40
LINES_PER_OP = 128  # of a feed whose counts agree
THREADS = ["client", "nng:task", "nng:poll:epoll", "atp-ledger", "atp-journal", "atp-keeper"]
PARTS = ["deltas", "feeds", "files", "beside"]
PEERS = ["redis-server", "redis-cli", f"{Postgres.BIN}/postgres", "psql"]

STAGING = "CREATE TEMP TABLE staging (id bigint, on_hand bigint) ON COMMIT DELETE ROWS;\n"
ADD = """INSERT INTO position SELECT id, sum(on_hand), 0 FROM staging GROUP BY id ORDER BY id
ON CONFLICT (id) DO UPDATE SET on_hand = position.on_hand + excluded.on_hand;
"""
PUT = """INSERT INTO position SELECT id, on_hand, 0 FROM staging
ON CONFLICT (id) DO UPDATE SET on_hand = excluded.on_hand WHERE position.on_hand <> excluded.on_hand;
"""


def seconds_of(commands):
    """Runs all of them at once, each with its input file, and says how long it took."""
    begun = time.monotonic()
    running = []
    for command, path in commands:
        with open(path, "rb") as file:
            running.append(subprocess.Popen(list(map(str, command)), stdin=file, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, text=True))
    harness.started.extend(running)
    for process, (command, _) in zip(running, commands):
        said, _ = process.communicate()
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}\n{said[-2000:]}")
    return time.monotonic() - begun


def resp(*words):
    return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)


class Feeds:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.build = options.build
        self.batches = 5 if options.smoke else 250
        self.rows = 4_000 if options.smoke else options.rows
        self.positions = 10_000
        self.told = 0  # feeds so far
        self.costs = []
        self.feed = None
        self.state = folder / "kept.json" if options.keep else None
        if self.state and self.state.exists():
            self.rows, self.told = json.loads(self.state.read_text(encoding="ascii"))
        self.atpd = Atpd(self.build, harness.work_folder(options.data) if options.data else folder, self.rows, 200_000 if self.options.smoke else 5_000_000,
                         flags=["--capacity-skus", self.rows // NODES + 100_000, "--capacity-positions", self.rows + 1_000_000])

    def start_redis(self):
        """Empty: what it is filled with before a benchmark of reserves is not wanted here."""
        redis = Redis(self.folder, 0, True)
        return redis

    def cost(self, what, count, work):
        """Does the work, and notes the processor time of each of `count`, in ns: of who tells, and of atpd's threads."""
        threads, before = self.atpd.thread_ns(), os.times()
        result = work()
        after = os.times()
        costs = {"client": (after.children_user + after.children_system - before.children_user - before.children_system) * 1e9}
        for thread, (name, ns) in self.atpd.thread_ns().items():
            costs[name] = costs.get(name, 0) + ns - threads.get(thread, (name, 0))[1]
        self.costs.append((what, {name: ns / count for name, ns in costs.items()}))
        return result

    def print_costs(self):
        print("\nProcessor time, ns, of who tells and of threads of atpd:")
        harness.Table("of each", *THREADS)
        for what, costs in self.costs:
            harness.Table.row(what, *(harness.count(costs.get(name, 0)) for name in THREADS))
        self.costs = []

    # ---- deltas ----

    def our_deltas(self, round_number, *flags):
        told = json.loads(harness.run(
            [f"{self.build}/perf/atp_bench_deltas", "--url", self.atpd.url, "--folder", self.folder, "--sources", SOURCES,
             "--batches", self.batches, "--facts", FACTS, "--round", round_number, *flags]))
        return told["facts_per_s"]

    def delta_places(self, source):
        """The position of each fact of a source."""
        step = 7919
        count = self.batches * FACTS
        return [(source * count + i) * step % self.positions for i in range(count)]

    def redis_deltas(self, redis):
        commands = []
        for source in range(SOURCES):
            path = self.folder / f"deltas-{source}.resp"
            with open(path, "w", encoding="ascii", newline="") as file:
                file.writelines(resp("HINCRBY", f"stock:{place}", "on_hand", "1") for place in self.delta_places(source))
            commands.append((["redis-cli", "-p", redis.port, "--pipe"], path))
        seconds = seconds_of(commands)
        total = sum(int(redis.cli("HGET", f"stock:{place}", "on_hand") or 0) for place in range(0, self.positions, 1000))
        if total == 0:
            sys.exit("redis: the deltas are not there")
        return SOURCES * self.batches * FACTS / seconds

    def postgres_deltas(self, postgres):
        commands = []
        for source in range(SOURCES):
            places = self.delta_places(source)
            path = self.folder / f"deltas-{source}.sql"
            with open(path, "w", encoding="ascii") as file:
                file.write(STAGING)
                for at in range(0, len(places), FACTS):
                    file.write("BEGIN;\nCOPY staging FROM STDIN;\n")
                    file.writelines(f"{place}\t1\n" for place in places[at:at + FACTS])
                    file.write("\\.\n" + ADD + "COMMIT;\n")
            commands.append((self.psql(postgres), path))
        before = int(postgres.sql("SELECT coalesce(sum(on_hand), 0) FROM position;"))
        seconds = seconds_of(commands)
        facts = SOURCES * self.batches * FACTS
        if int(postgres.sql("SELECT sum(on_hand) FROM position;")) - before != facts:
            sys.exit("postgres: the deltas are not all there")
        return facts / seconds

    @staticmethod
    def psql(postgres):
        return ["psql", "-h", postgres.folder, "-U", "bench", "-q", "-v", "ON_ERROR_STOP=1", "postgres"]

    def deltas(self, redis, postgres):
        facts = SOURCES * self.batches * FACTS
        print(f"Live deltas from {SOURCES} sources at once, {facts:,} facts in batches of {FACTS:,}, until the last is durable:")
        harness.Table("by", "facts a second", "what is more than the peers do")
        ours = self.cost("delta, an outbox each", facts, lambda: self.our_deltas(1))
        harness.figure("feeds_deltas_rate", ours)
        harness.Table.row("atpd, an outbox each", harness.count(ours), "each batch synced at the source too; numbered, once")
        harness.Table.row("atpd, a request each batch", harness.count(self.our_deltas(2, "--calls")),
                          "each fact has an id of its own, and is answered")
        if redis:
            theirs = self.redis_deltas(redis)
            harness.figure("feeds_deltas_vs_redis", ours / theirs)
            harness.Table.row("redis-cli --pipe, AOF always", harness.count(theirs), "")
        if postgres:
            theirs = self.postgres_deltas(postgres)
            harness.figure("feeds_deltas_vs_postgres", ours / theirs)
            harness.Table.row("PostgreSQL, COPY and merge", harness.count(theirs), "")

    # ---- full feeds ----

    def keep_state(self):
        if self.state:
            self.state.write_text(json.dumps([self.rows, self.told]), encoding="ascii")

    def write_feeds(self):
        """The feed, the same again in another file, and with one row in a hundred changed; unless they were kept."""
        if self.state and self.state.exists():
            return
        new, equal, changed = (self.folder / f"{name}.csv" for name in ("new", "equal", "changed"))
        harness.run([f"{self.build}/tools/atp/atp", "generate", "--skus", max(self.rows // NODES, 1), "--nodes", NODES,
                     "--out", new])
        self.rows = 0
        with open(new, encoding="utf-8") as rows, open(changed, "w", encoding="utf-8") as out:
            out.write(rows.readline())
            for line in rows:
                if self.rows % 100 == 0:
                    sku, node, qty, rest = line.split(",", 3)
                    line = f"{sku},{node},{decimal.Decimal(qty) + 1},{rest}"
                out.write(line)
                self.rows += 1
        shutil.copy(new, equal)
        with open(equal, "a", encoding="utf-8") as out:
            out.write("\n")
        self.keep_state()

    def write_for_peers(self, name):
        """The same as RESP and as COPY text."""
        with open(self.folder / f"{name}.csv", encoding="utf-8", newline="") as file:
            rows = (row for row in csv.reader(file) if row)
            next(rows)
            quantities = [int(decimal.Decimal(row[2]) * 1000) for row in rows]
        with open(self.folder / f"{name}.resp", "w", encoding="ascii", newline="") as out:
            out.writelines(resp("HSET", f"stock:{i}", "on_hand", str(qty)) for i, qty in enumerate(quantities))
        with open(self.folder / f"{name}.sql", "w", encoding="ascii") as out:
            out.write(STAGING + "BEGIN;\nCOPY staging FROM STDIN;\n")
            out.writelines(f"{i}\t{qty}\n" for i, qty in enumerate(quantities))
            out.write("\\.\n" + PUT + "COMMIT;\n")

    def load_command(self, name, *flags):
        return [self.atpd.atp, "--url", self.atpd.url, "load", self.folder / f"{name}.csv", "--profile", "native", "--quiet", *flags]

    def load(self, name, *flags):
        """Seconds of one load, and the MiB that atp load had at most."""
        command = self.load_command(name, *flags)
        log = self.folder / "load.log"
        begun = time.monotonic()
        process = harness.start(command, log)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}\n{log.read_text(encoding='utf-8')[-2000:]}")
        return time.monotonic() - begun, usage.ru_maxrss / 1024

    def load_feed(self, name):
        """The same as a feed, of this moment."""
        return self.load(name, *self.feed_flags())

    def feed_flags(self):
        self.told += 1
        self.keep_state()
        point = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(milliseconds=5)
        return "--feed", f"feed-{self.told}", "--as-of", point.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def full_feeds(self, redis, postgres):
        print(f"\nFull feed of {self.rows:,} positions, rows a second, until durable; on the second and third round what there is already "
              "is compared and not written (Redis writes it all). As a feed of a point in the past every row is compared twice, and counted:")
        heads = ["feed", "atpd, atp load CSV", "as a feed", "MiB of atp load"]
        heads += ["redis-cli --pipe, AOF always"] if redis else []
        heads += ["PostgreSQL, COPY and merge"] if postgres else []
        harness.Table(*heads)
        if postgres:
            postgres.sql("TRUNCATE position;")
        for name, told in (("new", "all new"), ("equal", "all as it is"), ("changed", "1 % changed")):
            seconds, size = self.load(name)
            if name == "changed":
                self.load("equal", "--again")  # for the feed to change it
            of_feed = None
            if name != "new":
                of_feed, size = self.cost(f"row of the feed, {told}", self.rows, lambda name=name: self.load_feed(name))
            harness.figure(f"feeds_{name}_rate", self.rows / seconds)
            cells = [told, harness.count(self.rows / seconds), harness.count(self.rows / of_feed) if of_feed else "-", f"{size:,.0f}"]
            if redis or postgres:
                self.write_for_peers(name)
            if redis:
                cells.append(harness.count(self.rows / seconds_of([(["redis-cli", "-p", redis.port, "--pipe"],
                                                                    self.folder / f"{name}.resp")])))
            if postgres:
                theirs = self.rows / seconds_of([(self.psql(postgres), self.folder / f"{name}.sql")])
                harness.figure(f"feeds_{name}_vs_postgres", self.rows / seconds / theirs)
                cells.append(harness.count(theirs))
            harness.Table.row(*cells)

    # ---- files ----

    def write_846(self):
        """An interchange of half as many items as the feed has rows, two segments each; its path and its lines."""
        path = self.folder / "feed.edi"
        items = self.rows // 2
        head = ["ISA*00*          *00*          *ZZ*WAREHOUSE      *ZZ*RETAILER       *261121*0300*U*00401*000000905*0*P*:~",
                "GS*IB*WAREHOUSE*RETAILER*20261121*0300*1204*X*004010~", "ST*846*0001~",
                "BIA*00*SI*INV-1*20261121*0300~", "N1*WH*Hamburg*92*hamburg~"]
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(head) + "\n")
            file.writelines(f"LIN*{i}*UP*012345678905*VN*item-{i}~\nQTY*17*{i % 97}*EA~\n" for i in range(items))
            file.write(f"SE*{2 * items + 4}*0001~\nGE*1*1204~\nIEA*1*000000905~\n")
        return path, 2 * items + 8

    def measure(self, path, profile):
        """Rows and million rows a second of both passes, in processor time of one core."""
        text = harness.run([f"{self.build}/tests/loaders/measure_loaders", path, profile])
        words = [line for line in text.splitlines() if line.startswith("both")][0].split()
        return int(words[1]), float(words[5]) * 1e6

    def files(self):
        print("\nA file read, checked and mapped, both passes, in processor time of one core:")
        harness.Table("file", "rows a second", "lines a second")
        _, csv_rate = self.measure(self.folder / "new.csv", "native")
        harness.figure("feeds_csv_rows_rate", csv_rate)
        harness.Table.row("CSV", harness.count(csv_rate), harness.count(csv_rate))
        path, lines = self.write_846()
        rows, rate = self.measure(path, "x12-846")
        harness.figure("feeds_x12_lines_rate", rate * lines / rows)
        harness.Table.row("X12 846", harness.count(rate), harness.count(rate * lines / rows))

    # ---- reserves beside a feed ----

    def reserves(self, seconds, *flags):
        """What `atp bench` tells of one round."""
        told = json.loads(harness.run([self.atpd.atp, "--url", self.atpd.url, "bench", "reserve", "--json", "--skus", 1000, "--nodes", NODES,
                                       "--ttl", "1s", "--clients", 4, "--batch", 16, "--seconds", seconds, "--demand", "uniform", *flags]))
        if told["refused"] != 0:
            sys.exit(f"atp bench: refused: {told['refused_by']}")
        return told

    def begin_feed(self):
        """A feed that changes one row in a hundred, back or forth, stopped once it tells its counts."""
        name = ("changed", "equal")[self.told % 2]
        before = self.feed_ops()
        self.feed = harness.start(self.load_command(name, *self.feed_flags()), self.folder / "load.log", env={**os.environ, "TMPDIR": str(self.folder)})
        while self.feed.poll() is None and self.feed_ops() < before + 10:  # it begins with one, and is compared then
            time.sleep(0.05)
        self.stop_feed()

    def stop_feed(self):
        if self.feed.poll() is None:
            self.feed.send_signal(signal.SIGSTOP)

    def feed_ops(self):
        return self.atpd.figures().get("ops_feed", 0)

    def go_on_with_feed(self):
        """The feed goes on, or the next one begins, and has taken notice of the others by the time that is measured."""
        if self.feed.poll() is not None:
            if self.feed.returncode != 0:
                sys.exit(f"the feed failed: {(self.folder / 'load.log').read_text(encoding='utf-8')[-2000:]}")
            self.begin_feed()
        self.feed.send_signal(signal.SIGCONT)
        time.sleep(0.3)

    def round(self, rate, is_beside):
        if is_beside:
            self.go_on_with_feed()
        before, begun = self.atpd.figures(), time.monotonic()
        told = self.reserves(1, "--rate", rate)
        after, seconds = self.atpd.figures(), time.monotonic() - begun
        if is_beside:
            self.stop_feed()
        told["journal"] = (after["journal_bytes"] - before["journal_bytes"]) / seconds
        told["rows"] = (after.get("ops_feed", 0) - before.get("ops_feed", 0)) * LINES_PER_OP / seconds
        return told

    def beside(self):
        self.load("new")  # nothing, if it is there
        rate = self.options.rate or int(self.reserves(1 if self.options.smoke else 3)["ops_per_s"] / 2)
        self.begin_feed()
        os.sync()
        alone, with_feed = [], []
        for i in range(2 if self.options.smoke else max(2, self.options.rounds)):
            for is_beside in (i % 2 == 1, i % 2 == 0):
                (with_feed if is_beside else alone).append(self.round(rate, is_beside))
        self.feed.kill()  # also where it is stopped; what it has told stays
        self.print_beside(rate, Rounds(alone), Rounds(with_feed))

    def print_beside(self, rate, alone, with_feed):
        print(f"\nReserves of one line, 16 a message from 4 clients, {harness.count(rate)} a second, timed from when they are due, beside a feed of "
              f"{self.rows:,} rows of which 1 % are changed, while it tells its counts; {len(alone.told)} rounds of 1 s with the feed stopped and as many beside it, by turns:")
        harness.Table("meanwhile", "p50 us", "p99 us, median of the rounds", "a quarter of them below", "above", "p90 of all calls", "p95", "p99",
                      "rounds with a call of 30 ms", "journal, MB a second", "feed, rows a second")
        harness.Table.row("nothing", *alone.cells())
        harness.Table.row("the feed", *with_feed.cells())
        ratio, halves = with_feed.p99 / alone.p99, Rounds(alone.told[0::2]).p99 / Rounds(alone.told[1::2]).p99
        print(f"\np50 beside the feed / alone: {with_feed.p50 / alone.p50:.2f}; p99, medians: {ratio:.2f}; p99 of all calls: "
              f"{with_feed.all_calls(0.99) / alone.all_calls(0.99):.2f}. Of the rounds alone every other one / the rest, which is what chance does: {halves:.2f}.")
        harness.figure("feeds_reserve_p99_ratio", ratio)


class Rounds:
    """Rounds of the same kind; microseconds."""

    def __init__(self, told):
        self.told = told
        self.p50 = statistics.median(one["p50_ns"] for one in told) / 1e3
        self.p99s = sorted(one["p99_ns"] / 1e3 for one in told)
        self.p99 = statistics.median(self.p99s)
        self.counts = collections.Counter()
        for one in told:
            self.counts.update(dict(one["calls_by_ns"]))

    def all_calls(self, share):
        """The percentile of the calls of all rounds together."""
        left = share * self.counts.total()
        for ns in sorted(self.counts):
            left -= self.counts[ns]
            if left <= 0:
                return ns / 1e3
        return 0.0

    def cells(self):
        count = len(self.told)
        numbers = [self.p50, self.p99, self.p99s[count // 4], self.p99s[-1 - count // 4], *map(self.all_calls, (0.9, 0.95, 0.99))]
        return (*map(harness.count, numbers), sum(one["max_ns"] >= 30e6 for one in self.told),
                f"{statistics.median(one['journal'] for one in self.told) / 1e6:.1f}",
                harness.count(statistics.median(one["rows"] for one in self.told)))


def main():
    parser = argparse.ArgumentParser(description="what is fed in, beside Redis and PostgreSQL")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--build", default=str(harness.ROOT / "build/release"))
    parser.add_argument("--work", default=str(harness.ROOT / "build/perf"))
    parser.add_argument("--data")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rate", type=int, help="reserves a second beside a feed, instead of half of what there are alone")
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    parser.add_argument("--part", dest="parts", action="append", choices=PARTS)
    options = parser.parse_args()
    options.parts = options.parts or PARTS
    missing = [peer for peer in PEERS if shutil.which(peer) is None]
    if options.peers and missing:
        print(f"Without peers, {', '.join(missing)} not being installed (tools/install-deps perf).\n")
        options.peers = False
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    feeds = Feeds(options, options.keep.resolve() if options.keep else harness.work_folder(options.work))
    redis = feeds.start_redis() if options.peers else None
    postgres = Postgres(feeds.folder, 1) if options.peers else None
    if "deltas" in options.parts:
        feeds.deltas(redis, postgres)
        feeds.print_costs()
    if options.parts != ["deltas"]:
        feeds.write_feeds()
    if "feeds" in options.parts:
        feeds.full_feeds(redis, postgres)
        feeds.print_costs()
    if "files" in options.parts:
        feeds.files()
    if "beside" in options.parts:
        feeds.beside()
    feeds.atpd.stop()  # so that what is kept begins with a snapshot


if __name__ == "__main__":
    main()
