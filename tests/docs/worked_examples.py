#!/usr/bin/env python3
"""The worked examples of a page are run, and print what the page says.

Usage: worked_examples.py ATP ATPD PAGE [--update] [SECTION...]

A fenced block that begins with ```atp holds commands, each after "$ " (its further lines after "> "), and below each
all that it prints, errors too. After a command that does not end with 0 stands a line "(exit 1)". The commands of one
section (a heading of level 2) run in one shell, in a folder of their own, against one atpd that begins empty; its
data is in ./data. A line <!-- atpd: --flag value --> in a section gives its atpd these flags.

What differs from run to run is not compared: times (2026-11-21T10:41:00.150Z, 1795257660150), what stands in brackets
behind a time (how long until then), "op 12" and the cells under OP, ids of 32 hex digits, and the name of the client.

--update writes what the commands print into the page, of all sections or of those whose titles begin as said.
"""
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from daemon import Daemon  # noqa: E402 pylint: disable=wrong-import-position

CAPACITIES = {"skus": 1000, "nodes": 400, "channels": 64, "positions": 4000, "reservations": 4000, "lines": 8000,
              "outcomes": 8000, "exceptions": 1024, "string-bytes": "4MiB"}
VOLATILE = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z( \([^)]*\))?"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT00:00:00Z"), "DAY"),
    (re.compile(r"\b1[789]\d{11}\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\bop \d+"), "op N"),
    (re.compile(r"\bversion \d+"), "version N"),
]


class Command:
    """One command of a block: its lines in the page, and what the page says it prints."""

    def __init__(self, line):
        self.lines = [line]
        self.wanted = []

    def shell(self):
        return "\n".join(line[2:] for line in self.lines)


class Section:
    def __init__(self, title):
        self.title = title
        self.flags = []
        self.commands = []


# ---- the page ----

def take_block(lines, at, section):
    """Reads a block from the line behind its fence on. Returns where it ends."""
    while at < len(lines) and lines[at] != "```":
        line = lines[at]
        if line.startswith("$ "):
            section.commands.append(Command(line))
        elif line.startswith("> ") and section.commands and not section.commands[-1].wanted:
            section.commands[-1].lines.append(line)
        elif section.commands:
            section.commands[-1].wanted.append(line)
        else:
            raise SystemExit(f"line {at + 1}: a block begins with a command")
        at += 1
    return at


def read_page(path):
    lines = path.read_text(encoding="utf-8").split("\n")
    sections = [Section("")]
    at = 0
    while at < len(lines):
        if lines[at].startswith("## "):
            sections.append(Section(lines[at][3:]))
        elif lines[at].startswith("<!-- atpd: "):
            sections[-1].flags += lines[at][len("<!-- atpd: "):].removesuffix(" -->").split()
        elif lines[at] == "```atp":
            at = take_block(lines, at + 1, sections[-1])
        at += 1
    return sections


def write_page(path, printed):
    """`printed`: for each title that ran, what its commands printed, in order."""
    out, title, number, is_in_block = [], "", {}, False
    for line in path.read_text(encoding="utf-8").split("\n"):
        is_command = is_in_block and line.startswith("$ ")
        is_kept = not (is_in_block and title in printed) or is_command or line.startswith("> ") or line == "```"
        if line.startswith("## ") and not is_in_block:
            title = line[3:]
        if is_in_block and title in printed and (is_command or line == "```"):
            flush(out, printed[title], number, title)
        if is_kept:
            out.append(line)
        if is_command:
            number[title] = number.get(title, 0) + 1
        is_in_block = line == "```atp" or (is_in_block and line != "```")
    path.write_text("\n".join(out), encoding="utf-8")


def flush(out, printed, number, title):
    """Writes what the last command printed, if that has not been done."""
    done = number.get(title, 0)
    if done > 0 and printed[done - 1] is not None:
        out.extend(printed[done - 1])
        printed[done - 1] = None


# ---- the engine and the shell ----

class Engine(Daemon):
    """An atpd that begins empty, in a folder that has bin/atp and bin/atpd too."""

    def __init__(self, atp, atpd, folder, flags):
        (folder / "bin").mkdir()
        (folder / "bin" / "atp").symlink_to(atp)
        (folder / "bin" / "atpd").symlink_to(atpd)
        super().__init__(atp, atpd, folder, CAPACITIES, flags)

    def shell_environment(self):
        return self.environment("planner", TZ="UTC", LC_ALL="C.UTF-8",
                                PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}")


def run_commands(section, engine):
    """What each command prints, line by line."""
    mark = secrets.token_hex(8)
    script = "".join(f"{command.shell()}\nprintf '\\n{mark} %d\\n' $?\n" for command in section.commands)
    done = subprocess.run(["bash", "-c", "exec 2>&1\n" + script], cwd=engine.folder, env=engine.shell_environment(),
                          capture_output=True, text=True, check=False, timeout=300, stdin=subprocess.DEVNULL)
    printed = []
    rest = done.stdout
    for _ in section.commands:
        text, found, rest = rest.partition(f"\n{mark} ")
        if not found:
            raise RuntimeError(f"{section.title}: the shell ended early: {text}{done.stderr}")
        status, _, rest = rest.partition("\n")
        lines = text.removesuffix("\n").split("\n") if text else []
        printed.append([line.rstrip() for line in lines] + ([f"(exit {status})"] if status != "0" else []))
    return printed


def run_section(section, atp, atpd):
    folder = Path(tempfile.mkdtemp(prefix="atp-docs-"))
    engine = Engine(atp, atpd, folder, section.flags)
    try:
        engine.wait_ready()
        return run_commands(section, engine)
    finally:
        engine.stop()
        shutil.rmtree(folder)


# ---- comparing ----

WHOLE_SECOND = re.compile(r"\d{4}-\d\d-\d\dT(?!00:00:00)\d\d:\d\d:\d\dZ( \([^)]*\))?")


REPEAT = "; asked before, this is the first answer"


def mask_printed(lines, page):
    """What was printed, masked. One time in a thousand is a whole second, and printed so: one that the page does not have. When the
    disk stands still for a second `atp` asks again by itself, and says so."""
    text = "\n".join(page)
    if REPEAT not in text:
        lines = [line.replace(REPEAT, "") for line in lines]
    return mask(lines, lambda found: found.group() if found.group() in text else "TIME")


def mask(lines, whole_second=lambda found: found.group()):
    """The lines without what differs from run to run."""
    result, column = [], None
    for line in lines:
        header = re.search(r"(?:^|  )(OP)(?:  |$)", line) if line.isupper() else None
        column = header.end(1) if header else column
        if column and not header:
            cell = re.search(r"\d+$", line[:column])
            line = line[:column - len(cell.group())].rstrip() + " # " + line[column:] if cell else line
        line = WHOLE_SECOND.sub(whole_second, line)
        for pattern, word in VOLATILE:
            line = pattern.sub(word, line)
        result.append(re.sub(r" {2,}", "  ", line) if "TIME" in line else line)
    return result


def complain(section, command, got):
    print(f"\n{section.title}: {command.shell()}\n  the page says")
    print("".join(f"    {line}\n" for line in command.wanted) + "  it prints")
    print("".join(f"    {line}\n" for line in got), end="")


def main():
    atp, atpd, page, *words = sys.argv[1:]
    atp, atpd, page = os.path.abspath(atp), os.path.abspath(atpd), Path(page)
    is_update = "--update" in words
    titles = [word for word in words if word != "--update"]
    bad, printed, count = 0, {}, 0
    for section in read_page(page):
        if not section.commands or (titles and not section.title.lower().startswith(tuple(t.lower() for t in titles))):
            continue
        got = run_section(section, atp, atpd)
        count += len(got)
        wrong = [(command, lines) for command, lines in zip(section.commands, got)
                 if mask(command.wanted) != mask_printed(lines, command.wanted)]
        for command, lines in [] if is_update else wrong:
            complain(section, command, lines)
        bad += len(wrong)
        if is_update:  # what differs only in what is not compared stays as it is
            kept = {id(command) for command, _ in wrong}
            printed[section.title] = [lines if id(command) in kept else command.wanted
                                      for command, lines in zip(section.commands, got)]
    if count == 0:
        raise SystemExit("no such section with commands")
    if is_update:
        write_page(page, printed)
    print(f"{count} commands, {bad} {'changed' if is_update else 'otherwise than the page says'}")
    return 0 if is_update else min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
