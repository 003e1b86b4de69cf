#!/usr/bin/env python3
"""The connectors under docs/examples are run against an atpd, as a user would run them.

Usage: examples.py ATP ATPD SOURCE_FOLDER [unittest arguments]
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from daemon import Daemon  # noqa: E402 pylint: disable=wrong-import-position

ATP, ATPD, SOURCE = sys.argv[1:4]
EXAMPLES = Path(SOURCE) / "docs" / "examples"
SAMPLES = Path(SOURCE) / "loaders" / "samples"
SIZES = {"skus": 1000, "nodes": 100, "positions": 4000, "reservations": 4000, "lines": 8000, "outcomes": 8000,
         "string-bytes": "4MiB"}


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="atp-examples-"))
        cls.daemon = Daemon(ATP, ATPD, cls.folder, SIZES)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.addClassCleanup(cls.daemon.stop)
        cls.daemon.wait_ready()
        cls.now_ms = str(time.time_ns() // 1000000)

    def run_words(self, words, text=None, status=0):
        path = f"{Path(ATP).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(words, cwd=self.folder, env=self.daemon.environment("examples", PATH=path), input=text,
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, status, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout

    def example(self, name, *words, text=None, status=0):
        return self.run_words([str(EXAMPLES / name), *map(str, words)], text, status)

    def atp(self, *words):
        return self.run_words([ATP, *words])

    def on_hand(self, position):
        return json.loads(self.atp("avail", position, "--explain", "--json"))["on_hand"]

    def stock(self, sku, node, qty):
        self.atp("sku", "put", sku)
        self.atp("node", "put", node)
        self.atp("count", f"{sku}@{node}={qty}")

    def write(self, name, text):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def test_erp_loads_an_inbox_and_keeps_a_bad_file_apart(self):
        self.write("inbox/native.1.csv", "sku,node,on_hand,safety_stock,name,scale\nerp-1,hamburg,12,2,City bike,0\n")
        self.write("inbox/native.2.csv", "sku,node,on_hand,safety_stock,name,scale\nerp-2,hamburg,many,0,Helmet,0\n")
        shutil.copy(SAMPLES / "sap-proact01.idoc", self.folder / "inbox/sap-proact01.4711.idoc")
        self.example("erp.sh", self.folder / "inbox", status=1)
        self.assertTrue((self.folder / "inbox/done/sap-proact01.4711.idoc").exists())
        self.assertEqual(self.on_hand("erp-1@hamburg"), "12")
        self.assertTrue((self.folder / "inbox/done/native.1.csv").exists())
        self.assertTrue((self.folder / "inbox/failed/native.2.csv").exists())
        self.assertIn("many", (self.folder / "inbox/failed/native.2.csv.rejects.csv").read_text())
        self.example("erp.sh", self.folder / "inbox")  # nothing lies there: nothing to do

    def test_a_nightly_feed_is_for_its_stores_and_told_on_a_page(self):
        self.stock("feed-a", "feed-north", 10)
        self.stock("feed-b", "feed-north", 10)
        self.stock("feed-a", "feed-south", 10)
        self.atp("group", "put", "feed-stores", "feed-north")
        time.sleep(0.02)  # what was told so far is in the feed
        now_ms = time.time_ns() // 1000000
        as_of = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_ms // 1000)) + f".{now_ms % 1000:03d}Z"
        time.sleep(0.02)
        rows = "sku,node,on_hand,safety_stock,name,scale\nfeed-a,feed-north,12,0,A,0\nfeed-a,feed-south,3,0,A,0\n"
        words = (self.write("night.csv", rows), as_of, "feed-stores", self.folder / "reports")
        self.example("nightly_feed.sh", *words, status=4)  # half of the counts would leave nothing
        os.environ["MORE"] = "--max-zeroed 1 --max-change 1"
        self.addCleanup(os.environ.pop, "MORE")
        self.example("nightly_feed.sh", *words)
        self.assertEqual([self.on_hand(position) for position in
                          ("feed-a@feed-north", "feed-b@feed-north", "feed-a@feed-south")], ["12", "0", "10"])
        self.assertIn("outside_scope", (self.folder / "reports/rejects.csv").read_text(encoding="utf-8"))
        self.assertIn("<td class=n>-10</td>", (self.folder / "reports/corrections.html").read_text(encoding="utf-8"))
        self.assertIn("feed", (self.folder / "reports/trend.csv").read_text(encoding="utf-8"))
        self.example("nightly_feed.sh", *words)  # the same again changes nothing

    def test_wms_tells_each_movement_once(self):
        moves = '{"movement":"m-1","type":"GR","site":"wms-1","article":"wms-a","qty":20}\n' \
                '{"movement":"m-2","type":"CORR-","site":"wms-1","article":"wms-a","qty":1}\n'
        self.example("wms.sh", self.write("moves-1.jsonl", moves))
        more = '{"movement":"m-3","type":"CORR+","site":"wms-1","article":"wms-a","qty":4}\n'
        self.example("wms.sh", self.write("moves-2.jsonl", moves + more))
        self.assertEqual(self.on_hand("wms-a@wms-1"), "23")

    def test_pos_publishes_what_a_till_sold(self):
        self.stock("scarf", "store-9", 12)
        self.example("pos.sh", "store-9", "outbox", text="scarf,2\nscarf,1\n")
        self.example("pos.sh", "store-9", "outbox", text="scarf,1\n")
        self.assertEqual(self.on_hand("scarf@store-9"), "8")

    def test_storefront_sells_until_there_is_no_more(self):
        self.stock("tent", "berlin", 3)
        self.atp("channel", "put", "web")
        self.example("storefront.sh", "cart-1", "tent", 2)
        self.example("storefront.sh", "cart-2", "tent", 2, status=1)
        self.assertIn("allocated", self.atp("show", "cart-1"))

    def test_marketplace_takes_what_is_sold_and_feeds_back_what_is_left(self):
        self.stock("mug", "depot", 5)
        self.atp("channel", "put", "market")
        orders = self.write("orders.csv", "A1,mug,depot,2\nA2,mug,depot,1\n")
        self.assertEqual(self.example("marketplace.sh", "market", orders), "sku,quantity\nmug,2\n")
        self.assertEqual(self.example("marketplace.sh", "market", orders), "sku,quantity\nmug,2\n")

    def test_an_order_is_placed_once_and_the_service_desk_finds_it(self):
        self.stock("sofa", "north", 2)
        self.stock("sofa", "south", 5)
        first = self.example("oms.sh", "W-1", self.now_ms, "sofa=4")
        self.assertIn("south", first)
        self.assertEqual(self.example("oms.sh", "W-1", self.now_ms, "sofa=4"), first)
        said = self.example("service_desk.sh", "W-1")
        self.assertIn("oms-W-1", said)
        self.assertIn("CANCEL", said)
        self.example("oms.sh", "W-2", self.now_ms, "sofa=9", status=1)

    def test_a_return_comes_back_once(self):
        self.stock("boots", "outlet", 2)
        for words in (["reserve", "boots@outlet=2", "--id", "r-1"], ["allocate", "r-1"], ["ship", "r-1"]):
            self.atp(*words)
        back = self.write("returns.csv", "1,r-1,boots,outlet,1,as_new\n2,,boots,outlet,1,broken\n")
        self.example("returns.sh", back)
        self.example("returns.sh", back)
        shown = json.loads(self.atp("avail", "boots@outlet", "--explain", "--json"))
        self.assertEqual((shown["on_hand"], shown["unavailable"]), ("2", "1"))

    def test_carrier_notices_and_scans(self):
        self.example("carrier.sh", "asn", SAMPLES / "x12-856.edi")
        self.example("carrier.sh", "asn", SAMPLES / "edifact-desadv.edi", self.folder / "back.edi")
        self.assertIn("CONTRL", (self.folder / "back.edi").read_text())
        supplies = self.atp("supply", "list")
        self.assertRegex(supplies, r"ASN-90-4 +asn ")
        self.assertRegex(supplies, r"DES587441-1 +asn ")
        self.stock("chair", "paris", 1)
        for words in (["reserve", "chair@paris=1", "--id", "c-1"], ["allocate", "c-1"], ["ship", "c-1"]):
            self.atp(*words)
        self.example("carrier.sh", "delivered", self.write("scans.csv", "c-1,9001\n"))
        self.assertIn("delivered", self.atp("show", "c-1"))
        self.atp("supply", "put", "po-9", "chair@paris=5", "--due", "2099-01-04")
        self.example("carrier.sh", "arrived", self.folder / "dock", text="po-9,chair,paris,3\npo-9,chair,paris,2\n")
        self.assertEqual(self.on_hand("chair@paris"), "5")
        self.assertRegex(self.atp("supply", "list"), r"po-9 .* received ")
        self.example("carrier.sh", status=2)

    def test_finance_closes_a_day(self):
        self.stock("vase", "shop", 6)
        folder = Path(self.example("finance.sh", self.folder / "close").strip())
        self.assertIn("vase,shop,6,", (folder / "positions.csv").read_text())
        self.assertTrue((folder / "exceptions.jsonl").exists())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=1)
