#!/usr/bin/env python3
"""Puts what perf/run measured into docs/benchmarks.md, between the marks <!-- perf:NAME --> and <!-- end -->.

Usage: perf/page.py --results DIR PAGE
"""
import argparse
import collections
import os
import pathlib
import platform
import re
import sys
import tempfile
import time

# What DESIGN calls budgets: what, the figure, at least or at most, unit. A figure may be a quotient of two.
BUDGETS = [
    ("reserve, durable, 1,000 lines a message, a second", "wire_batch1000_rate", ">=", 3e6),
    ("the same / Redis Lua, AOF always, pipelined as deep", "wire_batch1000_vs_redis_aof", ">=", 28),
    ("reserve, durable, 64 lines a message, a second", "wire_batch64_rate", ">=", 500e3),
    ("the same, p99 in us", "wire_batch64_p99_us", "<=", 1500),
    ("one line a call, 50 threads on one handle / Redis AOF, 50 connections", "wire_handle50_vs_redis_aof", ">=", 2),
    ("the same, p50 in us", "wire_handle50_p50_us", "<=", 700),
    ("the same, p99 in us", "wire_handle50_p99_us", "<=", 1500),
    ("1,000 calls in flight / Redis AOF, 50 connections", "wire_async1000_rate/redis_aof_handle50_rate", ">=", 8),
    ("50 connections, one line a message / Redis AOF, 50 connections", "wire_conn50_vs_redis_aof", ">=", 1.1),
    ("one client alone, p50 in us", "wire_alone_p50_us", "<=", 250),
    ("the same, p99 in us", "wire_alone_p99_us", "<=", 500),
    ("one hot SKU / spread, 50 threads", "wire_hot_ratio", ">=", 0.9),
    ("availability, 1,000 a message / Redis HGET, pipelined as deep", "wire_avail1000_vs_redis", ">=", 5),
    ("availability beside writes / echo of bare NNG, p50", "avail_vs_echo_p50", "<=", 1.3),
    ("availability beside writes, p99 in us", "avail_beside_writes_p99_us", "<=", 1000),
    ("ledger core / bare loop, batched, 1M positions", "ledger_reserve_1m_ratio", ">=", 0.6),
    ("ledger core / bare loop, batched, 50M positions", "ledger_reserve_50m_ratio", ">=", 0.6),
    ("bytes a position, 1M", "bytes_per_position_1m", "<=", 80),
    ("bytes a position, 50M", "bytes_per_position_50m", "<=", 80),
    ("growth, longest pause in ms while positions are added", "growth_positions_longest_ms", "<=", 1),
    ("growth, longest pause in ms while reservations are added", "growth_reservations_longest_ms", "<=", 1),
    ("restart from snapshot and tail, s (budget: 50M positions, 20M ops)", "restart_s", "<=", 10),
    ("journal replay, million ops a second", "replay_per_us", ">=", 5),
    ("p99 of reserves with a snapshot under way / without", "snapshot_p99_ratio", "<=", 1.2),
    ("live deltas from 8 sources at once, durable, a second", "feeds_deltas_rate", ">=", 1e6),
    ("feed CSV, both passes, rows a second on one core", "feeds_csv_rows_rate", ">=", 2e6),
    ("X12 846, both passes, lines a second on one core", "feeds_x12_lines_rate", ">=", 500e3),
    ("p99 of reserves beside a feed with 1 % change / without", "feeds_reserve_p99_ratio", "<=", 1.2),
]


def read_figures(results):
    figures = {}
    for path in sorted(results.glob("*.figures")):
        for line in path.read_text(encoding="ascii").splitlines():
            name, value = line.split()
            figures[name] = float(value)
    return figures


def value_of(figures, name):
    parts = name.split("/")
    if not all(part in figures for part in parts):
        return None
    return figures[parts[0]] if len(parts) == 1 else figures[parts[0]] / figures[parts[1]]


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def verdict(value, order, budget):
    """Met, or by how much it is missed: the factor that is lacking."""
    if value >= budget if order == ">=" else value <= budget:
        return "met"
    factor = budget / value if order == ">=" else value / budget
    return f"missed by {factor:.1f}x" if factor >= 1.05 else f"missed by {100 * (factor - 1):.0f} %"


def budget_table(figures, page):
    """What was not measured now stands as it stood."""
    lines = ["| what | budget | measured | |", "|---|--:|--:|---|"]
    stood = collections.defaultdict(list)
    for line in page.splitlines():
        stood[line.split(" | ")[0].removeprefix("| ")].append(line)
    for what, name, order, budget in BUDGETS:
        value = value_of(figures, name)
        before = stood[what].pop(0) if stood[what] else None
        if value is None and before:
            lines.append(before)
            continue
        told = ("-", "not measured") if value is None else (number(value), verdict(value, order, budget))
        sign = "at least" if order == ">=" else "at most"
        lines.append(f"| {what} | {sign} {number(budget)} | {told[0]} | {told[1]} |")
    return "\n".join(lines)


# ---- the machine ----


def sync_us(folder):
    """Median of an fdatasync after writing 4 KiB again in a file that is there, in microseconds."""
    block = b"x" * 4096
    with tempfile.TemporaryFile(dir=folder) as file:
        os.pwrite(file.fileno(), block * 256, 0)
        os.fsync(file.fileno())
        times = []
        for i in range(200):
            os.pwrite(file.fileno(), block, 4096 * (i % 256))
            begun = time.perf_counter_ns()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter_ns() - begun)
    return sorted(times)[100] / 1e3


def first_match(path, pattern, otherwise):
    match = re.search(pattern, pathlib.Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    return match.group(1).strip() if match else otherwise


def machine(results):
    cpu = first_match("/proc/cpuinfo", r"^model name\s*:\s*(.*)$", platform.machine())
    memory = int(first_match("/proc/meminfo", r"^MemTotal:\s*(\d+)", "0")) / 1048576
    mounts = sorted((line.split()[1:3] for line in open("/proc/mounts", encoding="utf-8")), key=lambda m: len(m[0]))
    here = str(results.resolve())
    kind = [kind for place, kind in mounts if here == place or here.startswith(place.rstrip("/") + "/")][-1]
    return (f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, Linux {platform.release()}; data on {kind}, "
            f"fdatasync of 4 KiB p50 {sync_us(results):.0f} us. Client, server and peers on this one machine.")


def section(results, name):
    text = (results / f"{name}.md").read_text(encoding="utf-8").strip("\n")
    if name in ("codec", "echo"):
        text = f"```\n{text}\n```"
    command = (results / f"{name}.command").read_text(encoding="utf-8").strip()
    date = (results / f"{name}.date").read_text(encoding="ascii").strip()
    load = (results / f"{name}.load").read_text(encoding="ascii").strip()
    return f"`{command}`, {date}, load average before it {load}\n\n{text}"


def fill(page, name, text):
    pattern = re.compile(rf"(<!-- perf:{name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(page):
        sys.exit(f"page.py: the page has no mark perf:{name}")
    return pattern.sub(lambda match: f"{match.group(1)}\n{text}\n\n{match.group(2)}", page)


def main():
    parser = argparse.ArgumentParser(description="puts measurements into the page")
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("page", type=pathlib.Path)
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    page = fill(page, "machine", machine(options.results))
    page = fill(page, "budgets", budget_table(read_figures(options.results), page))
    for path in sorted(options.results.glob("*.md")):
        page = fill(page, path.stem, section(options.results, path.stem))
    options.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
