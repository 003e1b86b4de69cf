#!/usr/bin/env python3
"""Who may include whom (docs/architecture.md), read from the #include lines.

Usage: layering.py [ROOT]

Prints every line that breaks a rule, and fails if there is one. To give a folder a new right, change the
tables below and say why in the commit.
"""
import re
import sys
from pathlib import Path

FOLDERS = ["engine", "protocol", "query", "loaders", "tools", "tests", "perf"]

# A file belongs to the first entry that its path starts with, and may include what starts with one of the
# prefixes, from the repository root.
LAYERS = [
    ("engine/base/", ["engine/base/"]),
    ("engine/ledger/", ["engine/base/", "engine/ledger/"]),
    ("engine/store/", ["engine/base/", "engine/ledger/", "engine/store/"]),
    ("engine/", ["engine/"]),
    ("protocol/", ["engine/base/", "protocol/"]),
    ("query/", ["engine/", "protocol/", "query/"]),
    ("loaders/", ["engine/", "protocol/", "loaders/"]),
    ("tools/", ["engine/", "protocol/", "query/", "loaders/", "tools/"]),
    ("tests/", [""]),
    ("perf/", ["engine/", "protocol/", "query/", "loaders/", "tools/", "perf/"]),
]

# The ledger core is pure: of the C library it takes types and bytes; no clock, no files, no threads.
PURE = "engine/ledger/"
PURE_SYSTEM_HEADERS = {
    "inttypes.h", "limits.h", "stdalign.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "stdnoreturn.h",
    "string.h",
}
PURE_NEVER = {"engine/base/parker.h", "engine/base/ring.h"}

# Third-party and special headers, and the paths whose business they are.
OWNERS = [
    (r"stdatomic\.h", r"engine/base/atomics\.h"),
    (r"xxhash\.h", r"engine/base/hash\.h"),
    (r"lmdb\.h", r"engine/store/snapshot[a-z_]*\.c|protocol/client/outbox_store(_marks\.c|_priv\.h|\.c)|tests/.*|perf/.*"),
    (r"nng/.*", r"(protocol|tests|perf)/.*"),
    (r"msgpack(/.*)?(\.h)?", r"(protocol|tests|perf)/.*"),
    (r"cyaml/.*", r"(loaders|tools|tests)/.*"),
    (r"jansson\.h", r"(query|loaders|tools|tests|perf)/.*"),
    (r"zlib\.h|zstd.*\.h", r"(loaders|tools|tests)/.*"),
    (r"microhttpd\.h", r"(query|tools|tests)/.*"),
    (r"prometheus/.*", r"(query|tools|tests)/.*\.cc"),
    (r"systemd/.*", r"(tools|tests)/.*"),
    (r"cmocka\.h", r"tests/.*"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ATOMIC_BY_HAND = re.compile(r"\b(atomic_(load|store|exchange|fetch|compare|thread_fence)\w*|__atomic_\w+|__sync_\w+)\s*\(")


def sources(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".cc") and path.is_file():
                yield path, path.relative_to(root).as_posix()


def check_project_include(root, name, header):
    if ".." in header.split("/"):
        return "includes are written from the repository root, without '..'"
    if not (root / header).is_file():
        return f"there is no {header} at the repository root (system headers go in <>)"
    allowed = next(prefixes for layer, prefixes in LAYERS if name.startswith(layer))
    if not any(header.startswith(prefix) for prefix in allowed):
        return f"this layer may not include {header}"
    if name.startswith(PURE) and header in PURE_NEVER:
        return f"the ledger core is one thread: no {header}"
    return None


def check_system_include(root, name, header):
    if (root / header).is_file():
        return f"{header} is ours: it goes in quotes"
    if name.startswith(PURE) and header not in PURE_SYSTEM_HEADERS:
        return f"the ledger core is pure: no <{header}>"
    for pattern, owner in OWNERS:
        if re.fullmatch(pattern, header) and not re.fullmatch(owner, name):
            return f"<{header}> belongs to {owner}"
    return None


def check_line(root, name, line):
    include = INCLUDE.match(line)
    if include:
        check = check_project_include if include.group(1) == '"' else check_system_include
        return check(root, name, include.group(2))
    if name != "engine/base/atomics.h" and ATOMIC_BY_HAND.search(line):
        return "atomics go through engine/base/atomics.h, which has the order in the name"
    return None


def check_tree(root):
    """Every breach as 'file:line: what is wrong'."""
    breaches = []
    for path, name in sources(root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            breach = check_line(root, name, line)
            if breach:
                breaches.append(f"{name}:{number}: {breach}")
    return breaches


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    count = sum(1 for _ in sources(root))
    breaches = check_tree(root)
    for breach in breaches:
        print(breach)
    print(f"layering: {count} files, {len(breaches)} breaches")
    return 1 if breaches or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
