#!/usr/bin/env python3
"""atp load of IDocs and of events against an atpd: what one document or event says happens once, in whatever file it comes.

Usage: documents.py ATP ATPD [unittest arguments]
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

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from daemon import Daemon  # noqa: E402 pylint: disable=wrong-import-position
from gate import Gate  # noqa: E402 pylint: disable=wrong-import-position

ATP, ATPD = sys.argv[1:3]
SAMPLES = Path(__file__).resolve().parents[3] / "loaders" / "samples"
PROFILES = SAMPLES.parent / "profiles"
SIZES = {"skus": 4000, "nodes": 100, "positions": 6000, "reservations": 4000, "lines": 8000, "outcomes": 20000,
         "string-bytes": "4MiB"}
DONE, REFUSED, USAGE, BAD_INPUT = 0, 1, 2, 4

EVENTS = """version: 1
name: events
loads: facts
format: {kind: json_lines}
columns: {event: id, sku: sku, node: node, quantity: qty, status: what}
facts:
  - {status: sold, fact: sale}
  - {status: counted, fact: adjust_up, negative: adjust_down}
"""


def idoc(number, rows, node="hamburg", client="100"):
    """A PROACT01 of `node`: `rows` of SKU, qualifier and quantity."""
    number = f"{number:016}"
    lines = [f"{'EDI_DC40':10}{client:3}{number:16}{'740 3012':10}{'PROACT01':30}{'':30}{'PROACT':30}{'':19}{'SAPERP':10}LS  "
             f"{node:10}"]
    segment = 0
    for sku, kind, quantity in rows:
        item = segment + 1
        for name, level, parent, data in (("E2EDP31", 1, 0, "000010"), ("E2EDP19001", 2, item, f"002{sku}"),
                                          ("E2EDP32", 2, item, f"{kind}{quantity:<15}PCE")):
            segment += 1
            lines.append(f"{name:30}{client:3}{number:16}{segment:06}{parent:06}{level:02}{data}")
    return "".join(line + "\n" for line in lines)


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="atp-documents-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.daemon = Daemon(ATP, ATPD, cls.folder, SIZES)
        cls.addClassCleanup(lambda: cls.daemon.stop())  # pylint: disable=unnecessary-lambda
        cls.daemon.wait_ready()
        (cls.folder / "events.yaml").write_text(EVENTS)

    def atp(self, *words, status=DONE):
        done = subprocess.run([ATP, *words], cwd=self.folder, env=self.daemon.environment("documents"),
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def load(self, text, *flags, profile="sap-proact01", name="in.idoc", status=DONE):
        (self.folder / name).write_text(text)
        return self.atp("load", name, "--profile", profile, *flags, status=status)

    def on_hand(self, position):
        return json.loads(self.atp("avail", position, "--explain", "--json"))["on_hand"]

    def test_a_document_again_takes_back_nothing_of_what_was_sold_since(self):
        first = idoc(1001, [("once", "020", 10)])
        self.load(first)
        self.atp("sale", "once@hamburg=3")
        self.assertIn("1 of 1 documents had been loaded before: not again", self.load(first))
        self.assertEqual(self.on_hand("once@hamburg"), "7")
        # in another file, with others beside it and after it
        self.load(idoc(1002, [("other", "020", 4)]) + first + idoc(1003, [("more", "020", 5)]), name="other.idoc")
        self.assertEqual([self.on_hand(f"{sku}@hamburg") for sku in ("once", "other", "more")], ["7", "4", "5"])
        # twice in one file
        told = self.load(idoc(1004, [("more", "020", 6)]) + first + first, name="twice.idoc")
        self.assertIn("interchange_repeated", told)
        self.assertEqual([self.on_hand(f"{sku}@hamburg") for sku in ("once", "more")], ["7", "6"])
        # and all the same if it is wanted
        self.load(first, "--again")
        self.assertEqual(self.on_hand("once@hamburg"), "10")

    def test_a_document_that_another_had_replaced_stays_replaced(self):
        old, new = (idoc(number, [("two", "020", qty)]) for number, qty in ((1011, 7), (1012, 3)))
        self.load(old + new)
        self.load(old, name="old.idoc")  # none of its rows was told then: a later report of the file had taken their place
        self.assertEqual(self.on_hand("two@hamburg"), "3")

    def kill_daemon(self):
        self.daemon.process.kill()
        self.daemon.process.wait(timeout=60)
        self.daemon.log.close()
        type(self).daemon = Daemon(ATP, ATPD, self.folder, SIZES)
        self.daemon.wait_ready()

    def told(self, positions):
        """Those of which somebody has told the count."""
        asked = subprocess.run([ATP, "avail", *positions, "--explain", "--json"], env=self.daemon.environment("documents"),
                               capture_output=True, text=True, check=False, timeout=60)
        rows = [json.loads(line) for line in asked.stdout.splitlines()]
        return {f"{row['sku']}@{row['node']}" for row in rows if row.get("on_hand", "0") != "0"}

    def load_behind(self, gate, name):
        """A load of that file, under way."""
        environment = self.daemon.environment("documents")
        environment["ATP_URL"] = gate.url
        with open(self.folder / "behind.log", "wb") as log:
            return subprocess.Popen(  # pylint: disable=consider-using-with
                [ATP, "load", name, "--profile", "sap-proact01", "--timeout", "300s"], cwd=self.folder, env=environment,
                stdout=log, stderr=log)

    def kill_load(self, name, positions):
        """Loads the file until one of the positions is told, and kills the load then. What it may say grows a little at a time, so that
        it never comes to its end. Returns one that is told."""
        gate = Gate(self.daemon.url)
        load = self.load_behind(gate, name)
        deadline = time.monotonic() + 200
        while not (told := self.told(positions)):
            self.assertIsNone(load.poll(), (self.folder / "behind.log").read_text())
            self.assertLess(time.monotonic(), deadline)
            if gate.is_waited_for():
                gate.let_pass(2)
        load.kill()
        load.wait(timeout=60)
        gate.close()
        return min(told)

    def test_a_kill_between_changes_nothing(self):
        text = idoc(1021, [("kill", "020", 10), ("kill-2", "020", 5)])
        self.load(text)
        self.atp("sale", "kill@hamburg=1")
        self.kill_daemon()
        self.load(text, name="after.idoc")
        self.assertEqual([self.on_hand(f"{sku}@hamburg") for sku in ("kill", "kill-2")], ["9", "5"])

    def test_a_load_that_was_killed_goes_on_with_the_same_content_only(self):
        rows = [(f"killed-{i}", "020", 10) for i in range(3000)]
        positions = [f"killed-{i}@hamburg" for i in range(0, 3000, 100)]
        text = idoc(1025, rows)
        (self.folder / "killed.idoc").write_text(text)
        sold = self.kill_load("killed.idoc", positions)
        self.atp("sale", f"{sold}=4")
        self.kill_daemon()
        told = self.told(positions)
        self.assertIn(sold, told)
        self.assertLess(len(told), len(positions))
        other = idoc(1025, rows[:-1] + [("killed-2999", "020", 11)])
        for flags in ((), ("--dry-run",)):
            said = self.load(idoc(1026, [("beside-killed", "020", 1)]) + other, *flags, status=BAD_INPUT)
            self.assertIn("line 5: 0000000000001025 was loaded before", said)
            self.assertIn("nothing was loaded", said)
            self.atp("avail", "beside-killed", status=REFUSED)
            self.assertEqual(self.told(positions), told)
        self.load(text, name="again.idoc")
        self.assertEqual(self.told(positions), set(positions))
        for position in positions:
            self.assertEqual(self.on_hand(position), "6" if position == sold else "10")
        self.assertIn("1 of 1 documents had been loaded before: not again", self.load(text))
        self.assertIn("0000000000001025 was loaded before", self.load(other, status=BAD_INPUT))

    def test_of_two_loads_at_once_one_is_named(self):
        """The first is held back after each of its messages in turn, and the second comes in between: until the first has begun the
        document."""
        ways = set()
        for passed in range(40):
            sku = f"race-{passed}"
            (self.folder / "first.idoc").write_text(idoc(1200 + passed, [(sku, "020", 5)]))
            gate = Gate(self.daemon.url)
            first = self.load_behind(gate, "first.idoc")
            gate.let_pass(passed)
            while not gate.is_waited_for() and first.poll() is None:
                pass
            (self.folder / "second.idoc").write_text(idoc(1200 + passed, [(sku, "020", 6)]))
            second = subprocess.run([ATP, "load", "second.idoc", "--profile", "sap-proact01"], cwd=self.folder, capture_output=True,
                                    env=self.daemon.environment("second"), text=True, check=False, timeout=60)
            gate.let_pass(1 << 30)
            status = first.wait(timeout=60)
            gate.close()
            said = (self.folder / "behind.log").read_text() + second.stderr
            self.assertEqual(sorted((status, second.returncode)), [DONE, BAD_INPUT], said)
            self.assertIn(f"{1200 + passed} was loaded before", said)
            self.assertEqual(self.on_hand(f"{sku}@hamburg"), "5" if status == DONE else "6")
            if status == DONE:
                break
            ways.add("of it" if "nothing of it was loaded" in said else "of the file")
        self.assertEqual((status, ways), (DONE, {"of it", "of the file"}))

    def test_a_document_that_was_taken_in_part_goes_on(self):
        profile = (PROFILES / "sap-proact01.yaml").read_text() + "unknown_names: bad\n"
        (self.folder / "known.yaml").write_text(profile)
        self.atp("node", "put", "hamburg")
        self.atp("sku", "put", "part")
        text = idoc(1031, [("part", "020", 10), ("part-2", "020", 5)])
        self.assertIn("sku_unknown", self.load(text, "--max-bad-share", "0.5", profile="./known.yaml"))
        self.atp("sale", "part@hamburg=1")
        self.atp("sku", "put", "part-2")
        for _ in range(2):
            self.load(text, profile="./known.yaml")
            self.assertEqual([self.on_hand(f"{sku}@hamburg") for sku in ("part", "part-2")], ["9", "5"])

    def test_a_document_that_was_taken_in_part_says_nothing_else_later(self):
        self.load(idoc(1035, [("half", "020", 10), ("half-2", "020", "x5")]), "--max-bad-share", "0.5")
        self.atp("sale", "half@hamburg=1")
        whole = idoc(1035, [("half", "020", 10), ("half-2", "020", 5)])
        for flags in ((), ("--dry-run",)):
            self.assertIn("0000000000001035 was loaded before", self.load(whole, *flags, status=BAD_INPUT))
            self.assertEqual(self.on_hand("half@hamburg"), "9")
            self.atp("avail", "half-2", status=REFUSED)
        self.load(whole, "--again")
        self.assertEqual([self.on_hand(f"{sku}@hamburg") for sku in ("half", "half-2")], ["10", "5"])

    def test_a_document_says_one_thing_in_a_feed(self):
        self.load(idoc(1036, [("fed", "020", 20), ("fed-2", "020", 5)]))
        begun = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        flags = ("--max-bad-share", "0.5", "--as-of", begun, "--max-change", "1")
        text, other = (idoc(1037, [("fed", "020", 19), ("fed-2", "020", qty)]) for qty in ("x4", 4))
        for _ in range(2):
            self.load(text, "--feed", "fed-1", *flags)
            for more in ((), ("--dry-run",)):
                said = self.load(other, "--feed", "fed-1", *flags, *more, status=BAD_INPUT)
                self.assertIn("0000000000001037 was loaded before", said)
            self.assertEqual([self.on_hand(f"{sku}@hamburg") for sku in ("fed", "fed-2")], ["19", "5"])
        self.load(other, "--feed", "fed-2", *flags)  # another point, of which it says this
        self.assertEqual([self.on_hand(f"{sku}@hamburg") for sku in ("fed", "fed-2")], ["19", "4"])

    def test_senders_with_the_same_number_do_not_shadow_each_other(self):
        for node, client, qty in (("hamburg", "100", 1), ("bremen", "100", 2), ("hamburg", "200", 3)):
            self.load(idoc(1041, [("same", "020", qty)], node=node, client=client))
            self.assertEqual(self.on_hand(f"same@{node}"), str(qty))

    def test_another_content_under_the_same_number_is_named(self):
        said, other = (idoc(1051, [("said", "020", qty)]) for qty in (8, 9))
        self.load(said)
        for flags in ((), ("--dry-run",)):
            told = self.load(idoc(1052, [("beside", "020", 1)]) + other, *flags, status=BAD_INPUT)
            self.assertIn("line 5: 0000000000001051 was loaded before", told)
            self.assertIn("nothing was loaded", told)
        self.assertEqual(self.on_hand("said@hamburg"), "8")
        self.atp("avail", "beside", status=REFUSED)
        self.assertIn("says something else there", self.load(said + other, status=BAD_INPUT))
        self.load(other, "--again")  # from now on it is known
        self.atp("sale", "said@hamburg=2")
        self.load(other)
        self.assertEqual(self.on_hand("said@hamburg"), "7")

    def test_a_dry_run_tells_what_was_loaded_before(self):
        text = idoc(1061, [("dry", "020", 6)])
        first = json.loads(self.load(text, "--dry-run", "--json").splitlines()[0])
        self.assertEqual((first["changed"], first["unchanged"]), (1, 0))
        self.load(text)
        self.atp("sale", "dry@hamburg=2")
        told = self.load(text + idoc(1062, [("dry-2", "020", 1)]), "--dry-run", "--json")
        again = json.loads(told.splitlines()[0])
        self.assertEqual((again["changed"], again["unchanged"]), (1, 1))
        self.assertEqual(self.on_hand("dry@hamburg"), "4")

    def test_nobody_acknowledges_an_idoc(self):
        told = self.load(idoc(1071, [("ack", "020", 6)]), "--ack", "out", status=USAGE)
        self.assertIn("--ack: the profile sap-proact01 reads neither X12 nor EDIFACT", told)
        self.atp("avail", "ack", status=REFUSED)

    def test_an_interchange_that_says_something_else_is_named(self):
        for profile, position, old, new in (("x12-846", "bike-28@hamburg", "QTY*17*120*", "QTY*17*121*"),
                                            ("edifact-invrpt", "O'Brien+Co@hamburg", "QTY+145:12:", "QTY+145:13:")):
            text = (SAMPLES / f"{profile}.edi").read_text(encoding="latin-1")
            self.assertEqual(text.count(old), 1, profile)
            self.load(text, profile=profile)
            before = int(self.on_hand(position))
            self.atp("sale", f"{position}=5")
            self.load(text.replace("\n", ""), profile=profile, name="other.edi")
            told = self.load(text.replace(old, new), profile=profile, status=BAD_INPUT)
            self.assertIn("was loaded before, from the same sender under the same number", told)
            self.assertIn("says something else", self.load(text + text.replace(old, new), profile=profile, status=BAD_INPUT))
            self.assertEqual(int(self.on_hand(position)), before - 5)

    def test_an_event_happens_once(self):
        self.load("sku,node,on_hand,safety_stock,name,scale\nevent,shop,10,0,,0\n", profile="native", name="stock.csv")

        def event(number, qty, what="sold"):
            return json.dumps({"id": number, "sku": "event", "node": "shop", "qty": qty, "what": what}) + "\n"

        self.load(event("e-1", 2) + event("e-2", -1, "counted"), profile="./events.yaml")
        self.assertEqual(self.on_hand("event@shop"), "7")
        told = self.load(event("e-3", 1) + event("e-1", 2), "--json", profile="./events.yaml", name="again.jsonl")
        self.assertEqual(json.loads(told.splitlines()[0])["loaded_before"], 1)
        self.assertEqual(self.on_hand("event@shop"), "6")
        # in one file it is a row too many, and under an id of before nothing else happens
        self.assertIn(":2: duplicate", self.load(event("e-4", 1) * 2, profile="./events.yaml", status=BAD_INPUT))
        told = self.load(event("e-1", 3), profile="./events.yaml", status=REFUSED)
        self.assertIn("refused: sale event@shop: conflict", told)
        self.assertEqual(self.on_hand("event@shop"), "6")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:], verbosity=2)
