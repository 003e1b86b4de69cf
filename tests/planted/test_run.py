#!/usr/bin/env python3
"""The runner of planted bugs: what it plants, and that it never says "killed" for a reason of its own."""
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

sys.dont_write_bytecode = True
run = SourceFileLoader("run", str(Path(__file__).with_name("run"))).load_module()

LIST = """
# a comment
bug   first
file  a.c
- if (x > y) {
- return;
+ if (x >= y) {
tests engine.a fuzz.a

bug   second
file  a.c
build thread
- one
+ two
- three
tests engine.b
targets atpd
"""


def read(text):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        return run.read_bugs(Path(file.name))


class Planted(unittest.TestCase):
    def test_a_list_is_read(self):
        first, second = read(LIST)
        self.assertEqual((first.name, first.file, first.build), ("first", "a.c", "plain"))
        self.assertEqual(first.hunks, [(["if (x > y) {", "return;"], ["if (x >= y) {"])])
        self.assertEqual(first.tests, ["engine.a", "fuzz.a"])
        self.assertEqual(second.hunks, [(["one"], ["two"]), (["three"], [])])
        self.assertEqual((second.build, second.targets), ("thread", ["atpd"]))

    def test_a_list_that_is_not_understood_is_refused(self):
        for text in ["file a.c\n", "bug x\nnonsense y\n", "bug x\nbuild wrong\n", "bug x\nfile a.c\n", "bug x\n+ y\n"]:
            with self.assertRaises(run.ListError, msg=text):
                read(text)

    def test_lines_are_found_whatever_their_indentation(self):
        text = "void f(void)\n{\n    if (x > y) {\n        return;\n    }\n}\n"
        self.assertEqual(run.planted(read(LIST)[0], text), "void f(void)\n{\nif (x >= y) {\n    }\n}\n")

    def test_lines_that_are_not_there_exactly_once_are_refused(self):
        second = read(LIST)[1]
        self.assertEqual(run.planted(second, "one\nthree\n"), "two\n")
        for text in ["three\n", "one\nthree\none\n", "one\n"]:
            with self.assertRaises(run.ListError, msg=text):
                run.planted(second, text)


class Outcome(unittest.TestCase):
    """What plant_and_test makes of a build and a test run, with a builder that only says so."""

    class Stub:
        def __init__(self, builds, failed):
            self.made = run.subprocess.CompletedProcess([], 0 if builds else 1, "")
            self.failed = failed

        def make(self, _bug):
            return self.made

        def failed_tests(self, _bug):
            return self.failed

    def outcome(self, builds, failed):
        bug = run.Bug("x", file="a.c", tests=["engine.a"], hunks=[(["one"], ["two"])])
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a.c").write_text("one\n", encoding="utf-8")
            was_killed, text = run.plant_and_test(self.Stub(builds, failed), Path(folder), bug)
            self.assertEqual(Path(folder, "a.c").read_text(encoding="utf-8"), "one\n")
            return was_killed, text.split()[0]

    def test_only_a_failed_test_kills(self):
        self.assertEqual(self.outcome(True, ["engine.a"]), (True, "killed"))
        self.assertEqual(self.outcome(True, []), (False, "SURVIVED"))
        self.assertEqual(self.outcome(False, []), (False, "DOES"))


if __name__ == "__main__":
    unittest.main()
