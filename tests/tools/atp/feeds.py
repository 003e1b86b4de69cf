#!/usr/bin/env python3
"""atp load --feed against an atpd: counts of a point in the past beside what goes on.

Usage: feeds.py ATP ATPD [unittest arguments]
"""
import csv
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import atp_case  # noqa: E402 pylint: disable=wrong-import-position
from atp_case import BAD_INPUT, REFUSED  # noqa: E402 pylint: disable=wrong-import-position


class Feeds(atp_case.Case):
    sizes = {"movements": 4000}

    def setUp(self):
        super().setUp()
        self.node = self.name

    def stock(self, sku, qty):
        self.atp("sku", "put", sku)
        self.atp("node", "put", self.node)
        self.atp("receive", f"{sku}@{self.node}={qty}")

    def row(self, sku):
        return json.loads(self.atp("avail", f"{sku}@{self.node}", "--explain", "--json"))

    def on_hand(self, sku):
        return int(self.row(sku)["on_hand"])

    def write(self, rows):
        path = self.folder / f"{self.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["sku", "node", "on_hand", "safety_stock", "name", "scale"])
            for sku, qty in rows:
                writer.writerow([sku, self.node, qty, 0, sku, 0])
        return path

    def load(self, path, *words, feed=None, status=0):
        return self.atp("load", path, "--profile", "native", "--feed", feed or self.name, *words, status=status)

    def test_what_came_after_the_point_stays(self):
        self.stock("a", 100)
        path = self.write([("a", 90)])
        as_of = self.now()
        self.atp("receive", f"a@{self.node}=7")
        shown = json.loads(self.load(path, "--as-of", as_of, "--dry-run", "--json"))
        self.assertEqual((shown["changed"], shown["counts_down"]), (1, 1))
        self.assertEqual(self.on_hand("a"), 107)
        self.load(path, "--as-of", as_of)
        self.assertEqual(self.on_hand("a"), 97)
        self.assertEqual(json.loads(self.load(path, "--as-of", as_of, "--json"))["applied"], 0)
        self.assertEqual(self.on_hand("a"), 97)

    def test_e2_an_order_that_is_open_counts_once(self):
        self.stock("a", 80)
        path = self.write([("a", 80)])
        self.atp("reserve", f"a@{self.node}=29", "--id", self.name)
        self.atp("allocate", self.name)
        as_of = self.now()
        self.load(path, "--as-of", as_of)
        self.assertEqual((self.on_hand("a"), int(self.row("a")["atp"])), (80, 51))
        self.atp("ship", self.name, "--fact")  # after the feed's point
        self.assertEqual((self.on_hand("a"), int(self.row("a")["atp"])), (51, 51))

    def test_e2_a_feed_less_what_is_allocated(self):
        self.stock("a", 109)
        self.atp("reserve", f"a@{self.node}=29", "--id", self.name)
        self.atp("allocate", self.name)
        path = self.write([("a", 80)])
        self.load(path, "--basis", "less_allocated", "--as-of", self.now())
        self.assertEqual((self.on_hand("a"), int(self.row("a")["atp"])), (109, 80))

    def test_a_feed_of_what_is_available(self):
        self.stock("a", 100)
        self.atp("adjust", f"a@{self.node}=6", "--bucket", "unavailable", "--reason", "damage")
        self.atp("reserve", f"a@{self.node}=20", "--id", self.name)
        self.atp("allocate", self.name)
        as_of = self.now()
        path = self.write([("a", 94)])
        self.load(path, "--basis", "sellable", "--as-of", as_of)
        self.assertEqual(self.on_hand("a"), 100)
        path = self.write([("a", 70)])
        self.load(path, "--basis", "available", "--as-of", as_of, feed=self.name + "2")
        self.assertEqual(self.on_hand("a"), 96)

    def test_too_much_at_once_is_not_loaded(self):
        self.stock("a", 100)
        self.stock("b", 100)
        path = self.write([("a", 0), ("b", 99)])
        as_of = self.now()
        self.assertIn("--max-zeroed", self.load(path, "--as-of", as_of, status=4))
        self.assertIn("--max-change", self.load(path, "--as-of", as_of, "--max-zeroed", 1, status=4))
        self.assertEqual((self.on_hand("a"), self.on_hand("b")), (100, 100))
        self.load(path, "--as-of", as_of, "--max-zeroed", 1, "--max-change", 1)
        self.assertEqual((self.on_hand("a"), self.on_hand("b")), (0, 99))

    def test_more_than_there_is_may_be_found_if_that_is_wanted(self):
        self.stock("a", 10)
        path = self.write([("a", 50)])
        as_of = self.now()
        self.assertIn("--max-change", self.load(path, "--as-of", as_of, "--max-change", 0.9, status=4))
        self.load(path, "--as-of", as_of, "--max-change", 1)
        self.assertEqual(self.on_hand("a"), 50)

    def test_a_profile_says_what_its_feeds_may_do(self):
        self.stock("a", 10)
        self.stock("b", 10)
        path = self.write([("a", 10)])
        profile = self.folder / f"{self.name}.yaml"
        profile.write_text("version: 1\nname: ours\nloads: positions\nbasis: on_hand\nformat: {}\n"
                           "columns: {sku: sku, node: node, on_hand: on_hand}\n"
                           "feed: {zero_missing: true, max_zeroed: 0.5, max_change: 0.5}\n", encoding="utf-8")
        words = ["load", path, "--profile", profile, "--feed", self.name, "--as-of", self.now(), "--node", self.node]
        self.assertIn("--max-zeroed 0.4", self.atp(*words, "--max-zeroed", 0.4, status=4))
        self.atp(*words)
        self.assertEqual((self.on_hand("a"), self.on_hand("b")), (10, 0))
        profile.write_text(profile.read_text(encoding="utf-8").replace("0.5", "1.5"), encoding="utf-8")
        self.assertIn("max_zeroed", self.atp(*words, status=4))

    def test_what_the_file_leaves_out_is_kept_or_zeroed(self):
        self.stock("a", 10)
        self.stock("b", 10)
        path = self.write([("a", 10)])
        as_of = self.now()
        self.load(path, "--as-of", as_of, "--node", self.node)
        self.assertEqual(self.on_hand("b"), 10)
        words = ["--as-of", as_of, "--node", self.node, "--zero-missing", "--max-zeroed", 1, "--max-change", 1]
        self.load(path, *words, "--dry-run", feed=self.name + "2")
        self.assertEqual(self.on_hand("b"), 10)
        self.load(path, *words, feed=self.name + "2")
        self.assertEqual((self.on_hand("a"), self.on_hand("b")), (10, 0))

    def test_a_row_outside_the_scope_is_rejected_with_its_line(self):
        self.stock("a", 10)
        self.stock("b", 10)
        path = self.write([("a", 9), ("b", 8)])
        as_of = self.now()
        rejects = self.folder / f"{self.name}.rejects.csv"
        self.load(path, "--as-of", as_of, "--sku", "a", "--node", self.node, "--rejects", rejects)
        self.assertEqual((self.on_hand("a"), self.on_hand("b")), (9, 10))
        with rejects.open(encoding="utf-8", newline="") as file:
            self.assertEqual([(row["line"], row["reason"]) for row in csv.DictReader(file)], [("3", "outside_scope")])
        self.assertIn("outside the scope", self.load(path, "--as-of", as_of, "--node", "elsewhere", status=4,
                                                     feed=self.name + "2"))

    def test_a_scope_is_a_group_of_nodes_a_tag_or_a_list(self):
        for sku in ("c", "d", "e"):
            self.stock(sku, 10)
        self.atp("sku", "put", "c", "--with", f"tag={self.name}")
        self.atp("group", "put", self.name, self.node)
        (self.folder / "skus.txt").write_text("d\n\ne\n", encoding="utf-8")
        path = self.write([("c", 9), ("d", 9), ("e", 9)])
        as_of = self.now()
        self.load(path, "--as-of", as_of, "--tag", self.name, "--group", self.name)
        self.assertEqual([self.on_hand(sku) for sku in "cde"], [9, 10, 10])
        path = self.write([("d", 9)])
        self.load(path, "--as-of", as_of, "--skus", "skus.txt", "--group", self.name, "--zero-missing", "--max-zeroed", 1,
                  "--max-change", 1, feed=self.name + "2")
        self.assertEqual([self.on_hand(sku) for sku in "cde"], [9, 9, 0])
        for words in (("--tag", "nobody"), ("--group", "nobody")):
            self.assertIn("nothing_in_scope", self.load(path, "--as-of", as_of, *words, "--json", status=1))
        self.load(path, "--as-of", as_of, "--skus", "no-such-file", status=4)
        self.atp("load", path, "--profile", "native", "--tag", self.name, status=2)

    def test_an_older_feed_is_an_exception(self):
        self.stock("a", 10)
        older = self.now()
        newer = self.now()
        self.load(self.write([("a", 9)]), "--as-of", newer)
        shown = self.load(self.write([("a", 8)]), "--as-of", older, "--dry-run", "--json", feed=self.name + "2")
        self.assertEqual(json.loads(shown)["not_applied"], 1)
        self.load(self.write([("a", 8)]), "--as-of", older, feed=self.name + "2", status=1)
        self.assertEqual(self.on_hand("a"), 9)
        self.assertIn("feed_stale", self.atp("exceptions", "list"))

    def test_the_report_says_what_was_corrected_and_what_that_is_worth(self):
        self.stock("r-1", 10)
        self.stock("r-2", 10)
        self.stock("r-3", 10)
        self.stock("r-4", 10)
        self.atp("sku", "put", "r-1", "--value", "2.75")
        self.atp("sku", "put", "r-2", "--value", "100")
        self.atp("sku", "put", "r-4", "--value", "0.0001")
        path = self.write([("r-1", 8), ("r-2", 10), ("r-3", 13), ("r-4", 11)])
        as_of = self.now()
        report = self.folder / f"{self.name}.report.json"
        for ending, begins, row in ((".csv", "feed,node,sku,bucket,correction,value,cause\n",
                                     f"{self.name},{self.node},r-1,on_hand,-2,-5.5,corrected\n"),
                                    (".html", "<!DOCTYPE html>", "<td class=n>-2</td><td class=n>-5.5</td>")):
            other = report.with_suffix(ending)
            self.load(path, "--as-of", as_of, "--report", other, "--dry-run")
            text = other.read_text(encoding="utf-8")
            self.assertTrue(text.startswith(begins))
            self.assertIn(row, text)
        self.load(path, "--as-of", as_of, "--report", report)
        told = json.loads(report.read_text(encoding="utf-8"))
        self.assertEqual([(row["sku"], row["correction"], row["value"], row["cause"]) for row in told["corrections"]],
                         [("r-3", "3", "0", "corrected"), ("r-1", "-2", "-5.5", "corrected"),
                          ("r-4", "1", "0.0001", "corrected")])
        self.assertEqual(told["nodes"], [{"node": self.node, "corrections": 3, "not_applied": 0, "units_up": 4.0,
                                          "units_down": 2.0, "value_up": "0.0001", "value_down": "5.5"}])
        trend = json.loads(self.atp("drift", "--node", self.node, "--json"))  # as the ledger has it
        self.assertEqual((trend["value_up"], trend["value_down"]), ("0.0001", "5.5"))

    def test_a_file_tells_what_its_source_claims_and_nothing_else(self):
        self.stock("a", 10)
        self.stock("b", 10)
        self.atp("node", "put", "elsewhere")
        self.atp("receive", "a@elsewhere=5")
        self.atp("group", "put", "own", self.node)
        self.atp("source", "put", "count-er", "--kind", "wms", "--claim", "on_hand@group:own")
        self.atp("source", "put", "book-er", "--kind", "erp", "--claim", "supply+receipts:shared")
        path = self.write([("a", 8)])
        as_of = self.now()
        said = self.load(path, "--as-of", as_of, "--source", "book-er", status=BAD_INPUT)
        self.assertIn("2: outside_authority", said)
        self.assertEqual(self.on_hand("a"), 10)
        self.load(path, "--as-of", as_of, "--source", "count-er", "--zero-missing", "--sku", "a", "--sku", "b",
                  "--max-zeroed", 1, "--max-change", 1)
        self.assertEqual((self.on_hand("a"), self.on_hand("b")), (8, 0))
        elsewhere = json.loads(self.atp("avail", "a@elsewhere", "--explain", "--json"))
        self.assertEqual(int(elsewhere["on_hand"]), 5)  # it counts nothing there: left out is not 0
        self.atp("source", "put", "new-er", "--kind", "wms", "--claim", "on_hand@group:own", "--shadow-of", "count-er")
        path = self.write([("a", 3)])
        said = self.load(path, "--as-of", self.now(), "--source", "new-er", feed="new", status=REFUSED)
        self.assertIn("is a shadow", said)
        shown = json.loads(self.load(path, "--as-of", self.now(), "--source", "new-er", "--dry-run", "--json",
                                     "--max-change", 1, feed="new"))
        self.assertEqual(shown["changed"], 1)
        self.assertEqual(self.on_hand("a"), 8)
        self.atp("source", "pause", "count-er")
        self.load(path, "--as-of", self.now(), "--source", "count-er", feed="late", status=REFUSED)
        self.assertEqual(self.on_hand("a"), 8)
        for source in ("new-er", "count-er", "book-er"):
            self.atp("source", "drop", source)

    def test_a_report_that_cannot_be_written_is_known_before_anything_is_loaded(self):
        self.stock("a", 10)
        path = self.write([("a", 8)])
        as_of = self.now()
        self.load(path, "--as-of", as_of, "--report", self.folder / "nowhere" / "r.csv", status=5)  # this machine failed
        self.load(path, "--as-of", as_of, "--report", self.folder / "r.pdf", status=2)
        self.assertEqual(self.on_hand("a"), 10)
        self.assertEqual(list(self.folder.glob("r.pdf*")), [])

    def op(self):
        return int(self.atp("avail", f"k0@{self.node}").rsplit(" ", 1)[1])

    def test_counts_that_agree_are_no_ops_and_are_kept(self):
        for i in range(8):
            self.stock(f"k{i}", 10)
        path = self.write([(f"k{i}", 10 - (i == 7)) for i in range(8)])
        as_of, report, again = self.now(), self.folder / f"{self.name}.json", self.folder / f"{self.name}2.json"
        before = self.op()
        told = json.loads(self.load(path, "--as-of", as_of, "--report", report, "--json"))
        self.assertEqual((told["sent"], told["applied"], told["unchanged"]), (1, 1, 7))
        self.assertLess(self.op() - before, 8)  # the feed, its lines, one count, who tells them
        told = json.loads(self.load(path, "--as-of", as_of, "--report", again, "--json"))
        self.assertEqual((told["applied"], told["loaded_before"]), (0, 1))
        self.assertEqual(json.loads(again.read_text(encoding="utf-8"))["corrections"],
                         json.loads(report.read_text(encoding="utf-8"))["corrections"])

    def test_drift_tells_the_trend_and_the_cause_of_each_correction(self):
        self.stock("a", 10)
        self.stock("b", 10)
        path = self.write([("a", 8), ("b", 10)])
        self.load(path, "--as-of", self.now(), feed=self.name + "1")
        self.atp("receive", f"b@{self.node}=5")
        path = self.write([("a", 9), ("b", 14)])
        self.load(path, "--as-of", self.now(), feed=self.name + "2")
        trend = [json.loads(line) for line in self.atp("drift", "--node", self.node, "--json").splitlines()]
        self.assertEqual([(row["feed"], row["counted"], row["corrected"], row["up"], row["down"], row["net"])
                          for row in trend],
                         [(self.name + "1", 2, 1, "0", "2", "-2"), (self.name + "2", 2, 2, "1", "1", "0")])
        rows = [json.loads(line) for line in self.atp("drift", self.name + "2", "--json").splitlines()]
        self.assertEqual({(row["sku"], row["correction"], row["cause"], row["source"]) for row in rows},
                         {("a", "1", "untold", ""), ("b", "-1", "told", "")})
        first = json.loads(self.atp("drift", self.name + "1", "--json"))
        self.assertEqual((first["cause"], first["correction"]), ("first", "-2"))
        report = self.folder / f"{self.name}.html"
        self.atp("drift", self.name + "2", "--report", report)
        self.assertIn("<td>untold</td>", report.read_text(encoding="utf-8"))
        self.atp("drift", "--report", self.folder / f"{self.name}.csv", "--last", 1, "--node", self.node)
        lines = (self.folder / f"{self.name}.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(lines), 2)
        self.assertIn(f"{self.node},2,2,1,1,0,0", lines[1])
        self.assertIn("unknown_feed", self.atp("drift", "nobody", "--json", status=1))

    def test_a_dry_run_shows_what_is_worth_most_and_who_would_be_hit(self):
        self.stock("dear", 10)
        self.stock("cheap", 100)
        self.atp("channel", "put", "web")
        self.atp("sku", "put", "dear", "--value", "1898.0944")
        self.atp("sku", "put", "cheap", "--value", "0.5")
        self.assertIn({"sku": "dear", "scale": 0, "value": "1898.0944", "name": ""},
                      [json.loads(line) for line in self.atp("sku", "list", "--json").splitlines()])
        for number, (qty, priority) in enumerate([(3, 3), (2, 5), (4, 3), (1, 1)]):
            self.atp("reserve", f"dear@{self.node}={qty}", "--id", f"{self.name}-{number}", "--channel", "web",
                     "--order", f"o{number}", "--with", f"priority={priority}")
        path = self.write([("dear", 8), ("cheap", 60)])
        shown = json.loads(self.load(path, "--as-of", self.now(), "--dry-run", "--max-change", 1, "--json"))
        self.assertEqual([(row["sku"], row["value"]) for row in shown["largest_by_value"]],
                         [("dear", "-3796.1888"), ("cheap", "-20")])
        self.assertEqual([row["sku"] for row in shown["largest"]], ["cheap", "dear"])
        self.assertEqual((shown["value_up"], shown["value_down"]), ("0", "3816.1888"))
        self.assertEqual((shown["would_go_negative"], shown["would_be_hit"]), (1, 4))
        self.assertEqual([(hit["reservation"][-1], hit["order"], hit["channel"], hit["priority"], hit["units"])
                          for hit in shown["hit"]],
                         [("3", "o3", "web", 1, "1"), ("2", "o2", "web", 3, "4"), ("0", "o0", "web", 3, "3"),
                          ("1", "o1", "web", 5, "2")])
        text = self.load(path, "--as-of", self.now(), "--dry-run", status=4)  # what a guard stops is shown
        self.assertIn("--max-change", text)
        self.assertIn("Reservations that would be hit: 4", text)
        # the exception names them in the same order
        self.load(path, "--as-of", self.now(), "--max-change", 1)
        raised = [json.loads(line) for line in self.atp("exceptions", "--json").splitlines()]
        named = [row["reservations"] for row in raised if row["node"] == self.node]
        self.assertEqual([name[-1] for name in named[0]], ["3", "2", "0", "1"])
        trend = json.loads(self.atp("drift", "--node", self.node, "--json"))
        self.assertEqual((trend["value_up"], trend["value_down"]), ("0", "3816.1888"))
        rows = [json.loads(line) for line in self.atp("drift", self.name, "--json").splitlines()]
        self.assertEqual({(row["sku"], row["value"]) for row in rows}, {("dear", "-3796.1888"), ("cheap", "-20")})
        self.atp("drift", "--report", self.folder / "values.csv", "--node", self.node)
        self.assertIn(",0,42,-42,0,3816.1888,0", (self.folder / "values.csv").read_text(encoding="utf-8"))
        self.atp("drift", self.name, "--report", self.folder / "values.html")
        self.assertIn("<td class=n>-3796.1888</td>", (self.folder / "values.html").read_text(encoding="utf-8"))

    def test_what_skus_are_worth_comes_with_their_file(self):
        path = self.folder / f"{self.name}.csv"
        profile = self.folder / f"{self.name}.yaml"
        profile.write_text("version: 1\nname: ours\nloads: skus\nformat: {}\n"
                           "columns: {sku: sku, name: name, value: cost}\n", encoding="utf-8")
        path.write_text("sku,name,cost\nw1,one,.0000\nw2,two,13.0863\nw3,three,\n", encoding="utf-8")
        self.assertEqual(json.loads(self.atp("load", path, "--profile", profile, "--json"))["applied"], 3)
        shown = {row["sku"]: row["value"] for row in map(json.loads, self.atp("sku", "list", "--json").splitlines())}
        self.assertEqual([shown[sku] for sku in ("w1", "w2", "w3")], ["", "13.0863", ""])
        path.write_text("sku,name,cost\nw1,one,0\nw2,two,13.09\nw3,three,\n", encoding="utf-8")
        again = json.loads(self.atp("load", path, "--profile", profile, "--json"))
        self.assertEqual((again["applied"], again["unchanged"]), (1, 2))
        path.write_text("sku,name,cost\nw1,one,-1\n", encoding="utf-8")
        self.assertIn("qty_negative", self.atp("load", path, "--profile", profile, status=4))
        path.write_text("sku,name,cost\nw1,one,0.1234567\n", encoding="utf-8")
        self.assertIn("qty_too_precise", self.atp("load", path, "--profile", profile, status=4))
        profile.write_text(profile.read_text(encoding="utf-8").replace(" name: name,", ""), encoding="utf-8")
        self.assertIn("needs the name", self.atp("load", path, "--profile", profile, status=4))

    def test_a_profile_says_of_which_point_and_for_what_its_feeds_are(self):
        self.stock("a", 10)
        self.stock("b", 10)
        path = self.write([("a", 9), ("b", 8)])
        profile = self.folder / f"{self.name}.yaml"
        profile.write_text("version: 1\nname: ours\nloads: positions\nbasis: on_hand\nformat: {}\n"
                           "columns: {sku: sku, node: node, on_hand: on_hand}\n"
                           f"feed: {{as_of: \"{self.now()}\", includes: [\"{self.name}=1:4\"], skus: [a],\n"
                           f"  nodes: [{self.node}], max_change: 1}}\n", encoding="utf-8")
        first = json.loads(self.atp("load", path, "--profile", profile, "--feed", self.name, "--json"))
        self.assertEqual((first["bad"], self.on_hand("a"), self.on_hand("b")), (1, 9, 10))
        # the command goes before the profile: other SKUs, a later point
        self.atp("receive", f"b@{self.node}=5")
        self.atp("load", path, "--profile", profile, "--feed", self.name + "2", "--sku", "b", "--as-of", self.now())
        self.assertEqual((self.on_hand("a"), self.on_hand("b")), (9, 8))
        self.atp("load", path, "--profile", profile, "--json")  # no feed: nothing of it counts
        self.assertEqual((self.on_hand("a"), self.on_hand("b")), (9, 8))
        profile.write_text(profile.read_text(encoding="utf-8").replace("skus: [a]", "ack: x.997"), encoding="utf-8")
        self.assertIn("X12", self.atp("load", path, "--profile", profile, status=4))

    def test_a_feed_says_what_it_includes(self):
        path = self.write([("a", 1)])
        self.atp("load", path, "--profile", "native", "--feed", "x", status=2)
        self.atp("load", path, "--profile", "native", "--as-of", "2026-01-01", status=2)
        self.atp("load", path, "--profile", "native", "--feed", "x", "--includes", "wms", status=2)
        self.atp("load", path, "--profile", "native", "--feed", "x", "--includes", "wms=0:1", status=2)
        self.atp("load", path, "--profile", "native", "--feed", "x", "--as-of", "yesterday", status=2)
        self.atp("load", path, "--profile", "native", "--feed", "x", "--as-of", "2026-01-01", "--zero-missing", status=2)


if __name__ == "__main__":
    atp_case.main()
