#!/usr/bin/env python3
"""Small habits of the source, kept by a check because nobody likes to say them twice.

Usage: names.py [ROOT]

  tab          a tab in C, C++, Python, shell or CMake
  unfinished   a mark that says "later"
  long file    more than 700 lines: usually two files
  long body    a function body of more than 70 lines
  word         `hold` where the term is reservation, as a name in engine/ or protocol/ (the verb in a predicate
               like version_holds() is another word)
  volatile     a shared field is _Atomic, never volatile (a signal flag may be)
"""
import re
import sys
from pathlib import Path

FOLDERS = ["engine", "protocol", "query", "loaders", "tools", "tests", "perf", "cmake", ".ci"]
C_SUFFIXES = {".c", ".h", ".cc"}
TEXT_SUFFIXES = C_SUFFIXES | {".py", ".sh", ".cmake", ".yaml", ".yml"}

FILE_LINES_MAX = 700
BODY_LINES_MAX = 70

# The words are put together here, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b")
WORD = re.compile(r"\bholds?\b|\bholds?_|_holds?_|_hold\b|_holds\b(?!\s*\()", re.IGNORECASE)
VOLATILE = re.compile(r"\bvolatile\b(?!\s+sig_atomic_t)")
ASSEMBLER = re.compile(r"\b(__)?asm(__)?\b")
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def is_script(path):
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def sources(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if not path.is_file() or "corpus" in path.parts:
                continue
            if path.suffix in TEXT_SUFFIXES or path.name == "CMakeLists.txt" or is_script(path):
                yield path, path.relative_to(root).as_posix()


def without_comments(text):
    """The same lines, with comments and strings blanked."""
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def long_bodies(lines):
    """(line, length) of function bodies that are too long; the brace of a body stands in column 0."""
    start = None
    for number, line in enumerate(lines, start=1):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            if number - start - 1 > BODY_LINES_MAX:
                yield start, number - start - 1
            start = None


def check_text(name, lines):
    for number, line in enumerate(lines, start=1):
        if "\t" in line:
            yield number, "a tab"
        if UNFINISHED.search(line):
            yield number, "a mark of unfinished work"
    if len(lines) > FILE_LINES_MAX:
        yield len(lines), f"{len(lines)} lines: more than {FILE_LINES_MAX} are usually two files"


def check_c(name, text):
    code = without_comments(text).splitlines()
    for number, line in enumerate(code, start=1):
        if name.startswith(("engine/", "protocol/")) and WORD.search(line):
            yield number, "the term is reservation, not hold"
        if VOLATILE.search(line) and not ASSEMBLER.search(line):
            yield number, "volatile: shared fields are _Atomic"
    for number, length in long_bodies(code):
        yield number, f"a function body of {length} lines (at most {BODY_LINES_MAX})"


def check_tree(root):
    """Every breach as 'file:line: what is wrong'."""
    breaches = []
    for path, name in sources(root):
        text = path.read_text(encoding="utf-8")
        found = list(check_text(name, text.splitlines()))
        if path.suffix in C_SUFFIXES:
            found += check_c(name, text)
        breaches += [f"{name}:{number}: {breach}" for number, breach in sorted(found)]
    return breaches


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    count = sum(1 for _ in sources(root))
    breaches = check_tree(root)
    for breach in breaches:
        print(breach)
    print(f"names: {count} files, {len(breaches)} breaches")
    return 1 if breaches or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
