#!/usr/bin/env python3
"""Every acceptance item has a test by its number, and docs/reliability.md says which.

Usage: acceptance.py [ROOT] [--update]

A test of tests/acceptance has an item when its name begins with the number: `a7_a_copy_that_lags_decides_nothing`. It counts
when its function is registered with cmocka and its file with ctest. All items must be there. The table stands
between <!-- acceptance --> and <!-- /acceptance -->; --update writes it. What it names must exist; it may lack what is new.
"""
import re
import sys
from pathlib import Path

SECTIONS = {"A": 9, "B": 9, "C": 12, "D": 5, "E": 6, "F": 9, "G": 7}
ITEMS = [f"{section}{number}" for section, count in SECTIONS.items() for number in range(1, count + 1)] + ["F1b"]

REGISTERED = re.compile(r"cmocka_unit_test(?:_setup|_teardown|_setup_teardown)?\(\s*(\w+)")
NUMBERED = re.compile(r"([a-g])(\d+)(b?)_")
ROW = re.compile(r"^\| (\w+) \| `acceptance\.(\w+)` \| (\w+) \|$", re.MULTILINE)
BEGIN, END = "<!-- acceptance -->\n", "<!-- /acceptance -->\n"


def order(row):
    item = NUMBERED.match(row[0].lower() + "_")
    return item[1], int(item[2]), item[3]


def find_tests(folder):
    """(item, ctest, function) of all tests that have a number, in the order of the items."""
    registered = " ".join(re.findall(r"foreach\(section ([^)]*)\)", (folder / "CMakeLists.txt").read_text()))
    registered += " " + " ".join(re.findall(r"NAME acceptance\.(\w+)", (folder / "CMakeLists.txt").read_text()))
    rows = []
    for path in sorted(folder.glob("test_*.c")):
        ctest = path.stem[len("test_"):]
        if ctest not in registered.split():
            continue
        for name in REGISTERED.findall(path.read_text()):
            match = NUMBERED.match(name)
            if match:
                rows.append((match[1].upper() + match[2] + match[3], ctest, name))
    return sorted(rows, key=order)


def render(rows):
    lines = [f"| {item} | `acceptance.{ctest}` | {name} |\n" for item, ctest, name in rows]
    return "| item | ctest | test |\n|---|---|---|\n" + "".join(lines)


def problems(rows, page):
    tested = {item for item, _, _ in rows}
    found = [f"{item}: no test in tests/acceptance has it" for item in ITEMS if item not in tested]
    begin, end = page.find(BEGIN), page.find(END)
    if begin < 0 or end < begin:
        return found + ["docs/reliability.md: the table of the acceptance items is missing"]
    table = ROW.findall(page[begin:end])
    found += [f"docs/reliability.md: {name} ({item}) is no test of acceptance.{ctest}; --update writes the table"
              for item, ctest, name in table if (item, ctest, name) not in rows]
    listed = {item for item, _, _ in table}
    return found + [f"docs/reliability.md: {item} is missing; --update writes the table"
                    for item in ITEMS if item in tested and item not in listed]


def main(arguments):
    root = Path(next((a for a in arguments if a != "--update"), "."))
    rows = find_tests(root / "tests/acceptance")
    path = root / "docs/reliability.md"
    page = path.read_text()
    if "--update" in arguments and BEGIN in page and END in page:
        page = page[:page.find(BEGIN) + len(BEGIN)] + render(rows) + page[page.find(END):]
        path.write_text(page)
    found = problems(rows, page)
    for problem in found:
        print(problem)
    print(f"acceptance: {len(ITEMS)} items, {len(rows)} tests with a number, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
