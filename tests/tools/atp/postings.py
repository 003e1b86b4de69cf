#!/usr/bin/env python3
"""atp postings and atp subscriber against a real atpd: told in order, at least once, whoever is killed.

Usage: postings.py ATP ATPD [unittest arguments]
"""
import json
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import atp_case  # noqa: E402 pylint: disable=wrong-import-position
from atp_case import ATP, REFUSED, USAGE  # noqa: E402 pylint: disable=wrong-import-position


class Postings(atp_case.Case):
    sizes = {"positions": 10000, "reservations": 10000, "lines": 20000, "string-bytes": "16MiB"}
    atp = atp_case.Case.run_atp

    @classmethod
    def setUpClass(cls):
        """An atpd for each test: what is posted is numbered from 1."""

    def setUp(self):
        self.begin(self.addCleanup)

    def stock(self, qty):
        self.atp("sku", "put", "bike")
        self.atp("node", "put", "berlin")
        self.atp("count", f"bike@berlin={qty}")

    def follower(self, *words):
        return subprocess.Popen([ATP, "postings", "follow", *words, "--json"], stdout=subprocess.PIPE, text=True,
                                env=self.environment())

    def test_the_round_from_shipment_to_booking(self):
        self.stock(10)
        self.atp("subscriber", "put", "erp", "--posts", "shipped", "--posts", "returned", "--confirms", "--sla", "4h")
        self.atp("reserve", "bike@berlin=3", "--id", "w-1", "--correlation", "W-20551")
        self.atp("allocate", "w-1", "--correlation", "W-20551")
        self.atp("ship", "w-1", "--correlation", "W-20551")
        self.atp("return", "w-1", "bike@berlin=1", "--disposition", "damaged")
        shipped, returned = self.objects("postings", "follow", "erp", "--once", "--ack")
        self.assertEqual((shipped["kind"], shipped["qty"], shipped["on_hand"], shipped["allocated"]),
                         ("shipped", "3", "-3", "-3"))
        self.assertEqual((shipped["reservation"], shipped["line"], shipped["correlation"]), ("w-1", 1, "W-20551"))
        self.assertEqual((returned["kind"], returned["why"], returned["unavailable"]), ("returned", "damaged", "1"))
        self.assertEqual(self.objects("postings", "follow", "erp", "--once"), [])
        self.assertEqual(self.objects("postings", "follow", "erp", "--once", "--from", "1"), [shipped, returned])
        self.atp("postings", "confirm", "erp", shipped["key"], returned["key"])
        self.assertEqual(self.objects("show", "w-1")[0]["state"], "reconciled")
        self.assertEqual(self.objects("subscriber", "show", "erp")[0]["open"], 0)
        traced = [row for row in self.objects("trace", "W-20551") if "key" in row]
        self.assertEqual([row["kind"] for row in traced], ["reserved", "allocated", "shipped"])
        self.assertEqual((traced[2]["acknowledged_by"], traced[2]["confirmed_by"]), ("erp", "erp"))
        self.assertNotEqual(traced[2]["confirmed_ms"], None)
        self.atp("postings", "confirm", "erp", "999.1", status=REFUSED)
        again = self.objects("postings", "confirm", "erp", shipped["key"], returned["key"], shipped["key"])
        self.assertEqual(again[0]["postings"], 2)
        self.atp("postings", "follow", "nobody", "--once", status=REFUSED)
        self.atp("subscriber", "drop", "erp")
        self.assertEqual(self.objects("subscriber", "list"), [])

    def test_csv_has_the_same_rows(self):
        self.stock(10)
        self.atp("subscriber", "put", "finance")
        self.atp("receive", "bike@berlin=5")
        self.atp("count", "bike@berlin=12")
        lines = self.atp("postings", "follow", "finance", "--once", "--format", "csv").stdout.splitlines()
        self.assertEqual(lines[0].split(",")[:8], ["number", "key", "op", "time", "kind", "sku", "node", "qty"])
        self.assertEqual([line.split(",")[4:9] for line in lines[1:]],
                         [["received", "bike", "berlin", "5", "5"], ["counted", "bike", "berlin", "-3", "-3"]])

    def test_an_846_for_a_partner_is_read_back_as_it_was(self):
        self.stock(10)
        self.atp("adjust", "bike@berlin=3", "--bucket", "unavailable", "--reason", "damage")
        self.atp("reserve", "bike@berlin=2", "--id", "w-1")
        self.atp("node", "put", "lyon")
        self.atp("count", "bike@lyon=4")
        file = str(self.folder / "out.edi")
        self.atp("export", "positions", "--node", "berlin", "--format", "x12-846", "--receiver", "RETAILER",
                 "--control", "77", "--out", file)
        segments = Path(file).read_text().split("~\n")
        self.assertEqual(len(segments[0]) + 1, 106)
        self.assertEqual(segments[3:], ["BIA*00*SI*77*" + "*".join(segments[3].split("*")[4:]), "N1*WH*berlin*92*berlin",
                                        "LIN*1*VN*bike", "QTY*17*10*EA", "QTY*33*5*EA", "QTY*27*2*EA", "QTY*20*3*EA",
                                        "CTT*1", "SE*10*0001", "GE*1*77", "IEA*1*000000077", ""])
        dry = self.atp("load", file, "--profile", "x12-846", "--dry-run").stdout
        self.assertRegex(dry, r"bad +0")
        self.assertRegex(dry, r"rows the ledger has already +1")
        self.atp("export", "positions", "--format", "x12-846", status=USAGE)
        self.atp("export", "reservations", "--format", "x12-846", "--node", "berlin", status=USAGE)
        self.atp("sku", "put", "a*b")
        self.atp("count", "a*b@berlin=1")
        self.atp("export", "positions", "--node", "berlin", "--format", "x12-846", "--out", file, status=5)
        self.assertIn("LIN*1*VN*bike", Path(file).read_text())  # the one before stays

    def test_a_rate_is_kept_and_nothing_is_lost_by_it(self):
        self.stock(10)
        self.atp("subscriber", "put", "slow", "--rate", "2")
        for _ in range(5):
            self.atp("receive", "bike@berlin=1")
        numbers = [row["number"] for row in self.objects("postings", "follow", "slow", "--count", "5")]
        self.assertEqual(numbers, [1, 2, 3, 4, 5])

    def test_nothing_is_lost_when_either_side_is_killed(self):
        self.stock(1000)
        self.atp("subscriber", "put", "erp")
        seen = []
        for turn in range(4):
            for _ in range(3):
                self.atp("sale", "bike@berlin=1")
            follower = self.follower("erp", "--ack")
            seen += [json.loads(follower.stdout.readline()) for _ in range(2)]
            follower.send_signal(signal.SIGKILL)  # between print and acknowledgement, or after it
            rest = follower.communicate()[0]
            seen += [json.loads(line) for line in rest.splitlines() if line.endswith("}")]
            if turn % 2 == 1:
                self.daemon.process.send_signal(signal.SIGKILL)
                self.daemon.process.wait()
                self.daemon.log.close()
                self.start()
        seen += self.objects("postings", "follow", "erp", "--once", "--ack")
        everything = self.objects("postings", "follow", "erp", "--once", "--from", "1")
        self.assertEqual([row["number"] for row in everything], list(range(1, 13)))
        self.assertEqual(sum(int(row["on_hand"]) for row in everything), -12)
        by_key = {row["key"]: row for row in everything}
        self.assertEqual(len(by_key), 12)
        self.assertEqual({row["key"] for row in seen}, set(by_key))   # nothing is lost
        for row in seen:
            self.assertEqual(row, by_key[row["key"]])                 # what came twice is the same
        self.assertEqual(self.objects("postings", "follow", "erp", "--once"), [])


if __name__ == "__main__":
    atp_case.main()
