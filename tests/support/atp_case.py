"""Tests of the command line against an atpd of their own: what each of them begins with.

A module of tests runs as `MODULE ATP ATPD [more] [unittest arguments]`, and its classes are Cases.
"""
import datetime
import json
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from daemon import Daemon

ATP, ATPD = sys.argv[1:3]
DONE, REFUSED, USAGE, NO_ANSWER, BAD_INPUT, FAILED = range(6)
SIZES = {"skus": 1000, "nodes": 100, "positions": 4000, "reservations": 4000, "lines": 8000, "outcomes": 20000,
         "string-bytes": "4MiB"}


class Case(unittest.TestCase):
    """An atpd for all tests of a class. `sizes`: capacities that are not those of SIZES."""

    maxDiff = None
    sizes = {}
    client = "tester@bench"
    daemon = None
    folder = None

    @classmethod
    def setUpClass(cls):
        cls.begin(cls.addClassCleanup)

    @classmethod
    def begin(cls, add_cleanup):
        cls.folder = Path(tempfile.mkdtemp(prefix=f"atp-{cls.__name__.lower()}-"))
        add_cleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.start()
        add_cleanup(lambda: cls.daemon.stop())  # pylint: disable=unnecessary-lambda; the one that runs then

    @classmethod
    def start(cls):
        cls.daemon = Daemon(ATP, ATPD, cls.folder, {**SIZES, **cls.sizes})
        cls.daemon.wait_ready()

    def setUp(self):
        """A name of the test's own, for nodes and files that no other test touches."""
        self.name = self.id().rsplit(".", 1)[1].replace("test_", "").replace("_", "-")[:40]

    def environment(self):
        return self.daemon.environment(self.client)

    def run_atp(self, *words, lines="", status=DONE):
        """Runs it in the folder; returns what is known of it when it has ended."""
        done = subprocess.run([ATP, *map(str, words)], cwd=self.folder, env=self.environment(), input=lines,
                              capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, status, f"{words}\n{done.stdout}{done.stderr}")
        return done

    def atp(self, *words, lines="", status=DONE):
        """All that it says; with --json what it answers alone."""
        done = self.run_atp(*words, lines=lines, status=status)
        return done.stdout if "--json" in words else done.stdout + done.stderr

    def objects(self, *words):
        return [json.loads(line) for line in self.run_atp(*words, "--json").stdout.splitlines()]

    def on_hand(self, position):
        return int(self.objects("avail", position, "--explain")[0]["on_hand"])

    @staticmethod
    def now():
        """A time after all that was done so far, and before all that is done from now on."""
        time.sleep(0.02)
        moment = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(0.02)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def main(own=0):
    """Runs the tests of the module. `own`: how many arguments behind ATP and ATPD are its own."""
    unittest.main(argv=[sys.argv[0], *sys.argv[3 + own:]], verbosity=2)
