"""atpd, Redis and PostgreSQL for a benchmark: each on a port and in a folder of its own, each doing the same reserve.

A job returns a Result: rate a second, and latency of one request or message in microseconds.
"""
import dataclasses
import glob
import json
import os
import pathlib
import pwd
import re
import subprocess

import harness

NODES = 40


@dataclasses.dataclass
class Result:
    rate: float
    p50: float
    p99: float
    hash: str = ""

    def cells(self):
        return harness.count(self.rate), f"{self.p50:,.0f}", f"{self.p99:,.0f}"


class Atpd:
    """The daemon with its embedded store, and `atp bench` as its client."""

    ROOM = 20_000_000  # reservations made in one run of all benchmarks

    def __init__(self, build, folder, positions, room=ROOM, name="atpd", flags=()):
        self.atp = pathlib.Path(build) / "tools/atp/atp"
        self.url = f"tcp://127.0.0.1:{harness.free_port()}"
        self.skus = positions // NODES
        log = folder / f"{name}.log"
        self.process = harness.start(
            [pathlib.Path(build) / "tools/atpd/atpd", "--data", folder / name, "--listen", self.url, "--publish", "off",
             "--metrics", "off", "--subscribe", f"listen:ipc://{folder}/{name}.facts", "--log-level", "warn",
             "--capacity-reservations", room, "--capacity-lines", room, "--capacity-outcomes", room,
             "--limits-ids-per-client", 4_000_000_000, "--capacity-string-bytes", f"{64 + room // 10000}MiB",
             "--snapshot-interval", "0", "--snapshot-every-ops", "0", *flags], log)
        harness.wait_until(self.answers, f"atpd ({log})", self.process, 180)

    def answers(self):
        return subprocess.run([self.atp, "--url", self.url, "stat", "--json"], capture_output=True,
                              check=False).returncode == 0

    def figures(self):
        return json.loads(harness.run([self.atp, "--url", self.url, "stat", "--json"]))

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def thread_ns(self):
        """What each thread has run since the start, by its number: (name, ns)."""
        times = {}
        for folder in glob.glob(f"/proc/{self.process.pid}/task/*"):
            name = pathlib.Path(folder, "comm").read_text(encoding="ascii").strip()
            times[folder] = (name, int(pathlib.Path(folder, "schedstat").read_text(encoding="ascii").split()[0]))
        return times

    def costs(self, ops, *flags):
        """Processor time of one reserve in ns, by name of the thread; "client" is all of atp bench."""
        setup = self.client_ns(1, *flags)
        before = self.thread_ns()
        client = self.client_ns(ops, *flags) - setup
        costs = {"client": client / ops}
        for thread, (name, ns) in self.thread_ns().items():
            costs[name] = costs.get(name, 0) + (ns - before.get(thread, (name, 0))[1]) / ops
        return costs

    def client_ns(self, ops, *flags):
        before = os.times()
        self.bench("reserve", ops, *flags)
        after = os.times()
        return (after.children_user + after.children_system - before.children_user - before.children_system) * 1e9

    def command(self, work, ops, *flags, demand="uniform", ttl="10h"):
        """`demand`: uniform, zipf or hot."""
        spread = ["--hot"] if demand == "hot" else ["--demand", demand]
        return [self.atp, "--url", self.url, "bench", work, "--json", "--skus", self.skus, "--nodes", NODES, "--ttl",
                ttl, "--ops", int(ops), *spread, *flags]

    @staticmethod
    def read(text):
        told = json.loads(text)
        if told["refused"] != 0:
            raise SystemExit(f"atp bench: refused: {told['refused_by']}")
        return Result(told["ops_per_s"], told["p50_ns"] / 1e3, told["p99_ns"] / 1e3, told["hash"])

    def bench(self, work, ops, *flags, demand="uniform", ttl="10h"):
        return self.read(harness.run(self.command(work, ops, *flags, demand=demand, ttl=ttl)))


# The reserve that atpd does, as far as Redis can: the answer by id first, then the check, the change, and the answer kept.
# It forgets the answer by time, and does not give the units back when the reservation expires.
REDIS_RESERVE = """
local first = redis.call('GET', KEYS[2])
if first then return first end
local verdict = 'refused'
if tonumber(redis.call('HGET', KEYS[1], 'available') or '0') >= tonumber(ARGV[1]) then
    redis.call('HINCRBY', KEYS[1], 'available', -ARGV[1])
    verdict = 'granted'
end
redis.call('SET', KEYS[2], verdict, 'PX', ARGV[2])
return verdict
"""

REDIS_FILL = """
for i = 0, tonumber(ARGV[1]) - 1 do
    redis.call('HSET', string.format('stock:%012d', i), 'available', '1000000000000')
end
"""


class Redis:
    """One redis-server; `sync`: every write is in the append-only file and synced before its answer."""

    def __init__(self, folder, positions, sync):
        self.port = harness.free_port()
        self.positions = positions
        self.folder = folder / ("redis-aof" if sync else "redis")
        self.folder.mkdir()
        journal = ["--appendonly", "yes", "--appendfsync", "always"] if sync else ["--appendonly", "no"]
        process = harness.start(
            ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
             "--daemonize", "no", "--auto-aof-rewrite-percentage", "0", *journal], self.folder / "log")
        harness.wait_until(lambda: self.cli("PING", check=False) == "PONG", "redis-server", process)
        self.cli("EVAL", REDIS_FILL, 0, positions)
        self.script = self.cli("SCRIPT", "LOAD", REDIS_RESERVE)

    def cli(self, *command, check=True):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *map(str, command)], capture_output=True, text=True,
                              check=False)
        if check and done.returncode != 0:
            raise SystemExit(f"redis-cli {command[0]}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def bench(self, ops, clients, pipeline, *command):
        ops = max(int(ops), clients * pipeline)
        text = harness.run(["redis-benchmark", "-p", self.port, "-n", ops, "-c", clients, "-P", pipeline, "-r",
                            self.positions, "--csv", *command])
        cells = [cell.strip('"') for cell in text.strip().splitlines()[-1].rsplit(",", 7)]
        return Result(float(cells[1]), float(cells[4]) * 1e3, float(cells[6]) * 1e3), ops

    def reserve(self, ops, clients, pipeline, is_hot=False):
        before = int(self.cli("DBSIZE"))
        stock = "stock:000000000000" if is_hot else "stock:__rand_int__"
        result, ops = self.bench(ops, clients, pipeline, "EVALSHA", self.script, 2, stock,
                                 "r:__rand_int__:__rand_int__", 1, 36000000)
        made = int(self.cli("DBSIZE")) - before
        if made < 0.9 * ops:  # the benchmark draws their ids: of few positions some are drawn twice
            raise SystemExit(f"redis: {made} reservations of {ops} asked")
        return result

    def available(self, ops, clients, pipeline):
        return self.bench(ops, clients, pipeline, "HGET", "stock:__rand_int__", "available")[0]


POSTGRES_SCHEMA = """
CREATE TABLE position (id bigint PRIMARY KEY, on_hand bigint NOT NULL, reserved bigint NOT NULL);
CREATE TABLE reservation (id text PRIMARY KEY, position bigint NOT NULL, qty bigint NOT NULL, expires timestamptz NOT NULL);
CREATE SEQUENCE cart;
INSERT INTO position SELECT i, 1000000000000, 0 FROM generate_series(0, {positions} - 1) i;
VACUUM ANALYZE;
CHECKPOINT;
"""

# One statement, prepared: the best PostgreSQL does. A retry finds its row by the primary key.
POSTGRES_RESERVE = """\\set p {draw}
WITH taken AS (
    UPDATE position SET reserved = reserved + 1 WHERE id = :p AND on_hand - reserved >= 1 RETURNING id)
INSERT INTO reservation SELECT 'cart-' || nextval('cart'), id, 1, now() + interval '10 hours' FROM taken
ON CONFLICT (id) DO NOTHING;
"""


class Postgres:
    """PostgreSQL 15 with synchronous_commit on, run by a user who is not root."""

    BIN = "/usr/lib/postgresql/15/bin"

    def __init__(self, folder, positions):
        self.folder = folder / "postgres"
        self.folder.mkdir()
        self.positions = positions
        self.user = []
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        data = self.folder / "data"
        harness.run([*self.user, f"{self.BIN}/initdb", "-D", data, "-A", "trust", "-U", "bench", "--no-sync"],
                    cwd=self.folder)
        process = harness.start(
            [*self.user, f"{self.BIN}/postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c",
             "synchronous_commit=on", "-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB", "-c", "max_connections=100"],
            self.folder / "log", cwd=self.folder)
        harness.wait_until(self.answers, "postgres", process)
        self.sql(POSTGRES_SCHEMA.format(positions=positions))

    def answers(self):
        return subprocess.run(["psql", "-h", self.folder, "-U", "bench", "-c", "SELECT 1", "postgres"],
                              capture_output=True, check=False).returncode == 0

    def sql(self, text):
        return harness.run(["psql", "-h", self.folder, "-U", "bench", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                            "postgres"], input=text).strip()

    def reserve(self, ops, clients, is_hot=False):
        each = max(int(ops) // clients, 10)
        script = self.folder / "reserve.sql"
        draw = "0" if is_hot else f"random(0, {self.positions - 1})"
        script.write_text(POSTGRES_RESERVE.format(draw=draw), encoding="ascii")
        before = int(self.sql("SELECT count(*) FROM reservation;"))
        text = harness.run(["pgbench", "-h", self.folder, "-U", "bench", "-n", "-M", "prepared", "-c", clients, "-j",
                            min(2, clients), "-t", each, "-l", "--log-prefix", self.folder / "calls", "-f", script,
                            "postgres"], cwd=self.folder)
        made = int(self.sql("SELECT count(*) FROM reservation;")) - before
        if made != each * clients:
            raise SystemExit(f"postgres: {made} reservations of {each * clients} asked")
        rate = float(re.search(r"tps = ([0-9.]+)", text).group(1))
        return Result(rate, *self.percentiles())

    def percentiles(self):
        times = []
        for path in glob.glob(f"{self.folder}/calls.*"):
            with open(path, encoding="ascii") as file:
                times += [int(line.split()[2]) for line in file]
            os.unlink(path)
        times.sort()
        return times[len(times) // 2], times[len(times) * 99 // 100]
