#!/usr/bin/env python3
"""The checks themselves: each rule finds its breach in a small tree, and lets the good line pass."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

import acceptance  # noqa: E402
import layering  # noqa: E402
import names  # noqa: E402


def tree(files):
    root = tempfile.TemporaryDirectory()
    for name, text in files.items():
        path = Path(root.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def breaches(check, files):
    with tree(files) as root:
        return check.check_tree(Path(root))


HEADERS = {name: "" for name in [
    "engine/base/qty.h", "engine/base/ring.h", "engine/ledger/row.h", "engine/store/journal.h",
    "engine/engine.h", "protocol/message.h", "query/view.h",
]}


class Layering(unittest.TestCase):
    def found(self, name, line):
        return breaches(layering, {**HEADERS, name: line + "\n"})

    def test_what_a_layer_may_include_passes(self):
        for name, line in [
            ("engine/ledger/row.c", '#include "engine/base/qty.h"'),
            ("engine/ledger/row.c", "#include <string.h>"),
            ("engine/store/journal.c", '#include "engine/ledger/row.h"'),
            ("engine/store/journal.c", "#include <unistd.h>"),
            ("engine/store/snapshot.c", "#include <lmdb.h>"),
            ("engine/base/atomics.h", "#include <stdatomic.h>"),
            ("protocol/message.c", "#include <msgpack.h>"),
            ("protocol/server.c", "#include <nng/nng.h>"),
            ("tools/atpd/main.c", '#include "query/view.h"'),
            ("tools/atpd/metrics.cc", "#include <prometheus/registry.h>"),
        ]:
            self.assertEqual(self.found(name, line), [], (name, line))

    def test_what_a_layer_may_not_include_is_found(self):
        for name, line in [
            ("engine/base/qty.c", '#include "engine/ledger/row.h"'),
            ("engine/ledger/row.c", '#include "engine/store/journal.h"'),
            ("engine/ledger/row.c", '#include "engine/base/ring.h"'),
            ("engine/ledger/row.c", "#include <time.h>"),
            ("engine/ledger/row.c", "#include <pthread.h>"),
            ("engine/ledger/row.c", "#include <unistd.h>"),
            ("engine/ledger/row.c", "#  include <stdio.h>"),
            ("engine/store/journal.c", '#include "engine/engine.h"'),
            ("engine/store/journal.c", "#include <lmdb.h>"),
            ("engine/engine.c", '#include "protocol/message.h"'),
            ("engine/engine.c", "#include <nng/nng.h>"),
            ("engine/engine.c", "#include <stdatomic.h>"),
            ("engine/engine.c", "    atomic_store_explicit(&x, 1, memory_order_relaxed);"),
            ("engine/engine.c", "    __sync_synchronize();"),
            ("protocol/message.c", '#include "engine/engine.h"'),
            ("query/view.c", "#include <msgpack.h>"),
            ("loaders/formats/csv.c", '#include "query/view.h"'),
            ("tools/atpd/metrics/metrics.c", "#include <prometheus/registry.h>"),
        ]:
            self.assertEqual(len(self.found(name, line)), 1, (name, line))

    def test_includes_are_from_the_root_and_exist(self):
        for line in ['#include "../base/qty.h"', '#include "qty.h"', "#include <engine/base/qty.h>"]:
            self.assertEqual(len(self.found("engine/base/text.c", line)), 1, line)


class Names(unittest.TestCase):
    def found(self, name, text):
        return breaches(names, {name: text})

    def test_breaches_are_found(self):
        body = "{\n" + "    x++;\n" * 71 + "}\n"
        for name, text in [
            ("engine/a.c", "\tint x;\n"),
            ("engine/a.c", "/* TO" + "DO: later */\n"),
            ("tools/run.sh", "# FIX" + "ME\n"),
            ("engine/a.c", "x;\n" * 701),
            ("engine/a.c", "void f(void)\n" + body),
            ("engine/a.c", "int hold_count;\n"),
            ("protocol/a.h", "#define MAX_HOLDS 5\n"),
            ("engine/a.c", "void atp_hold(void);\n"),
            ("engine/a.c", "volatile int flag;\n"),
        ]:
            self.assertEqual(len(self.found(name, text)), 1, (name, text[:40]))

    def test_near_misses_pass(self):
        body = "{\n" + "    x++;\n" * 70 + "}\n"
        for name, text in [
            ("engine/a.c", "int threshold; int on_hand; int holder; /* holds what it has */\n"),
            ("engine/a.c", 'puts("a hold");\n'),
            ("engine/a.c", "if (atp_version_holds(version)) {\n"),
            ("tools/a.c", "int hold_count;\n"),
            ("engine/a.c", "void f(void)\n" + body),
            ("engine/a.c", "x;\n" * 700),
            ("tools/a.c", "static volatile sig_atomic_t stop;\n"),
            ("engine/a.c", '__asm__ volatile("" ::: "memory");\n'),
            ("tools/run.sh", "mktemp /tmp/a." + "X" * 6 + "\n"),
        ]:
            self.assertEqual(self.found(name, text), [], (name, text[:40]))


class Acceptance(unittest.TestCase):
    PAGE = acceptance.BEGIN + "| A7 | `acceptance.x` | a7_there |\n" + acceptance.END

    def found(self, page, sections="x", test="cmocka_unit_test(a7_there),"):
        files = {"tests/acceptance/CMakeLists.txt": f"foreach(section {sections})\n",
                 "tests/acceptance/test_x.c": "static void a7_there(void **state)\n{\n}\n" + test}
        with tree(files) as root:
            return acceptance.problems(acceptance.find_tests(Path(root, "tests/acceptance")), page)

    def test_an_item_with_a_registered_test_in_the_table_passes(self):
        self.assertEqual([p for p in self.found(self.PAGE) if "A7" in p], [])
        self.assertEqual(len(self.found(self.PAGE)), len(acceptance.ITEMS) - 1)

    def test_an_item_without_a_test_is_found(self):
        for arguments in [{"test": ""}, {"sections": "y"}]:  # not registered with cmocka, not with ctest
            self.assertIn("A7: no test in tests/acceptance has it", self.found(self.PAGE, **arguments))

    def test_a_table_that_names_what_is_not_there_or_misses_an_item_is_found(self):
        gone = self.found(self.PAGE.replace("a7_there", "a7_gone"))
        self.assertTrue(any("a7_gone" in p for p in gone))
        self.assertTrue(any("A7 is missing" in p for p in self.found(acceptance.BEGIN + acceptance.END)))
        self.assertTrue(any("table" in p for p in self.found("")))


if __name__ == "__main__":
    unittest.main()
