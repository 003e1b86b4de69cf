#!/usr/bin/env python3
"""Files of aliases and units, and files whose names and units only those explain, against an atpd.

Usage: names.py ATP ATPD SOURCE_FOLDER [unittest arguments]
"""
import csv
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import atp_case  # noqa: E402 pylint: disable=wrong-import-position

SOURCE = sys.argv[3]
STOCK = """version: 1
name: stock
loads: positions
basis: on_hand
format: {delimiter: ",", header: true}
columns: {sku: item, node: place, on_hand: qty, unit: uom}
own_units: [EA]
"""
FACTS = """version: 1
name: movements
loads: facts
format: {delimiter: ",", header: true}
columns: {event: id, sku: item, node: place, quantity: qty, unit: uom, status: what}
facts: [{status: GR, fact: receive}]
"""
EDI = """ISA*00*          *00*          *ZZ*WAREHOUSE3PL   *ZZ*RETAILER       *261121*0300*U*00401*000000905*0*P*:~
GS*IB*WAREHOUSE3PL*RETAILER*20261121*0300*1204*X*004010~
ST*846*0001~
BIA*00*SI*INV-20261121*20261121*0300~
N1*WH*Hamburg*UL*4000001000005~
LIN*1*UP*012345678905~
QTY*17*10*CA~
QTY*20*4*EA~
LIN*2*UP*012345678905~
QTY*17*7*EA~
LIN*3*UP*036000291452~
QTY*17*3*{unit}~
CTT*3~
SE*12*0001~
GE*1*1204~
IEA*1*000000905~
"""


class Names(atp_case.Case):
    sizes = {"movements": 4000, "aliases": 1000, "units": 1000}

    def setUp(self):
        super().setUp()
        self.name = self.name[:30]
        self.sku = f"{self.name}-a"
        self.other = f"{self.name}-b"
        self.node = f"{self.name} n"  # with a blank: ids may have them
        for sku in (self.sku, self.other):
            self.atp("sku", "put", sku)
        self.atp("node", "put", self.node)

    def write(self, name, text):
        path = self.folder / f"{self.name}-{name}"
        path.write_text(text, encoding="utf-8")
        return path

    def load(self, path, profile, *words, status=0):
        return self.atp("load", path, "--profile", profile, *words, status=status)

    def told(self, path, profile, *words):
        return json.loads(self.load(path, profile, *words, "--json"))

    def on_hand(self, sku, node=None):
        return super().on_hand(f"{sku}@{node or self.node}")

    def rejects(self, path, profile, *words, status=0):
        bad = self.folder / f"{self.name}-bad.csv"
        self.load(path, profile, "--rejects", bad, *words, status=status)
        with bad.open(encoding="utf-8", newline="") as file:
            return [(row["line"], row["reason"], row["column"]) for row in csv.DictReader(file)]

    def aliases(self):
        """Of this test's SKUs and node, as the ledger has them."""
        lines = self.atp("export", "aliases", "--json").splitlines()
        rows = [json.loads(line) for line in lines]
        return sorted((row["alias"], row["sku"] or row["node"], row["told_by"]) for row in rows
                      if (row["sku"] or row["node"]) in (self.sku, self.other, self.node))

    def test_a_file_of_aliases_is_loaded_once(self):
        path = self.write("a.csv", f"alias,sku,node,told_by\n4006,{self.sku},,\n0001,,{self.node},wms x\n"
                                   f"4006-b,{self.other},,\n")
        shown = self.told(path, "aliases", "--dry-run")
        self.assertEqual((shown["rows"], shown["bad"], shown["changed"]), (3, 0, 3))
        self.assertEqual(self.aliases(), [])
        done = self.told(path, "aliases")
        self.assertEqual((done["applied"], done["refused"]), (3, 0))
        expected = [("0001", self.node, "wms x"), ("4006", self.sku, ""), ("4006-b", self.other, "")]
        self.assertEqual(self.aliases(), expected)
        again = self.told(path, "aliases")
        self.assertEqual((again["unchanged"], again["changed"], again["sent"]), (3, 0, 0))
        self.assertEqual(self.aliases(), expected)

    def test_what_is_exported_can_be_loaded(self):
        self.atp("alias", "put", f"{self.name} \"4006\"", "--sku", self.sku)
        self.atp("alias", "put", f"{self.name}-2", "--node", self.node, "--told-by", "wms, told_by=x")
        self.atp("unit", "put", f"{self.name}-PK", "--sku", self.sku, "--is", "1", "--for", "3")
        self.atp("unit", "put", f"{self.name}-PK", "--sku", self.sku, "--is", "5", "--told-by", "wms, told_by=x")
        self.atp("unit", "put", f"{self.name}-PK", "--is", "7", "--told-by", "wms, told_by=x")
        for what in ("aliases", "units"):
            rows = self.folder / f"{self.name}-{what}"
            self.atp("export", what, "--out", rows)
            told = self.told(rows, what)
            self.assertEqual((told["bad"], told["changed"]), (0, 0), told)
            self.assertGreaterEqual(told["unchanged"], 1)
            self.atp("export", what, "--json", "--out", rows)
            told = self.told(rows, f"{what}-json-lines")
            self.assertEqual((told["bad"], told["changed"]), (0, 0), told)

    def test_a_bad_alias_has_line_and_reason(self):
        self.atp("alias", "put", f"{self.name}-x", "--sku", self.sku)
        long = "a" * 65
        path = self.write("a.csv", "alias,sku,node,told_by\n"
                          f",{self.sku},,\n"
                          f"{long},{self.sku},,\n"
                          f"y,,,\n"
                          f"y,{self.sku},{self.node},\n"
                          f"y,nobody,,\n"
                          f"y,,nowhere,\n"
                          f"{self.name}-x,{self.other},,\n"
                          f"{self.other},{self.sku},,\n"
                          f"{self.name}-ok,{self.sku},,\n"
                          f"{self.name}-ok,{self.other},,\n"
                          f"z,{self.sku},,{long}\n")
        expected = [("2", "alias_empty", "alias"), ("3", "alias_too_long", "alias"), ("4", "alias_target", "alias"),
                    ("5", "alias_target", "alias"), ("6", "sku_unknown", "sku"), ("7", "node_unknown", "node"),
                    ("8", "alias_taken", "alias"), ("9", "alias_taken", "alias"), ("11", "duplicate", ""),
                    ("12", "source_too_long", "told_by")]
        self.assertEqual(self.rejects(path, "aliases", "--dry-run", status=4), expected)
        self.assertEqual(self.aliases(), [(f"{self.name}-x", self.sku, "")])
        self.assertEqual(self.rejects(path, "aliases", "--max-bad-share", "1"), expected)
        self.assertEqual(self.aliases(), [(f"{self.name}-ok", self.sku, ""), (f"{self.name}-x", self.sku, "")])

    def test_aliases_of_a_source_are_that_sources(self):
        path = self.write("a.csv", f"alias,sku,node,told_by\nsku-1,{self.sku},,\n")
        self.assertEqual(self.told(path, "aliases", "--source", "erp-1")["applied"], 1)
        self.assertEqual(self.aliases(), [("sku-1", self.sku, "erp-1")])
        path = self.write("b.csv", f"alias,sku,node,told_by\nsku-1,{self.other},,\n")
        self.assertEqual(self.told(path, "aliases", "--source", "erp-2")["applied"], 1)
        stock = self.write("s.csv", f"sku,node,on_hand,safety_stock,name,scale\nsku-1,{self.node},5,0,,0\n")
        self.load(stock, "native", "--source", "erp-1")
        self.load(stock, "native", "--source", "erp-2", "--again")
        self.assertEqual((self.on_hand(self.sku), self.on_hand(self.other)), (5, 5))

    def test_a_file_of_units_is_loaded_once_and_may_change_them(self):
        unit = f"{self.name}-CS"
        path = self.write("u.csv", f"unit,sku,is,for,told_by\n{unit},{self.sku},12,,\n{unit},,6,,\nH,{self.sku},1,2,\n"
                                   f"{unit},{self.sku},13,,wms x\n")
        self.assertEqual(self.told(path, "units")["applied"], 4)
        self.assertEqual(self.told(path, "units")["unchanged"], 4)
        path = self.write("v.csv", f"unit,sku,is,for,told_by\n{unit},{self.sku},24,,\n{unit},,6,,\n")
        told = self.told(path, "units")
        self.assertEqual((told["applied"], told["unchanged"]), (1, 1))
        rows = [json.loads(line) for line in self.atp("export", "units", "--json").splitlines()]
        self.assertIn({"unit": unit, "sku": self.sku, "is": 24, "for": 1, "told_by": ""}, rows)
        self.assertIn({"unit": unit, "sku": self.sku, "is": 13, "for": 1, "told_by": "wms x"}, rows)
        path = self.write("w.csv", "unit,sku,is,for,told_by\n,,1,,\nU,nobody,1,,\nU,,0,,\nU,,1.5,,\nU,,,,\n"
                                   f"V,,1,1000000000001,\nX,,1,,{'a' * 65}\n")
        self.assertEqual(self.rejects(path, "units", "--max-bad-share", "1"),
                         [("2", "unit_empty", "unit"), ("3", "sku_unknown", "sku"), ("4", "unit_invalid", "is"),
                          ("5", "unit_invalid", "is"), ("7", "unit_invalid", "for"), ("8", "source_too_long", "told_by")])

    def test_each_supplier_counts_in_its_own_cases(self):
        case = f"{self.name}-CS"
        for supplier, size in (("acme", 12), ("bolt", 24)):
            path = self.write(f"{supplier}.csv", f"unit,sku,is,for,told_by\n{case},{self.sku},{size},,\n")
            self.assertEqual(self.told(path, "units", "--source", supplier)["applied"], 1)
        path = self.write("s.csv", f"item,place,qty,uom\n{self.sku},{self.node},10,{case}\n")
        for supplier, pieces in (("acme", 120), ("bolt", 240)):
            self.load(path, self.stock_profile(), "--source", supplier, "--again")
            self.assertEqual(self.on_hand(self.sku), pieces)
        for words in ((), ("--source", "cole")):
            self.assertEqual(self.rejects(path, self.stock_profile(), *words, status=4), [("2", "unit_unknown", "unit")])

    def test_a_fact_in_cases_of_others_is_replayed_in_its_sources_own(self):
        case = f"{self.name}-CS"
        self.atp("unit", "put", case, "--sku", self.sku, "--is", "12", "--told-by", "acme")
        profile = self.write("f.yaml", FACTS)
        path = self.write("f.csv", f"id,item,place,qty,uom,what\n{self.name}-1,{self.sku},{self.node},2,{case},GR\n")
        shown = self.told(path, profile, "--source", "bolt", "--dry-run")
        self.assertEqual((shown["bad"], shown["unit_unknown"]), (0, 1))
        told = json.loads(self.load(path, profile, "--source", "bolt", "--json", status=1))
        self.assertEqual(told["refused_by"], {"unit_unknown": 1})
        rows = [json.loads(line) for line in self.atp("exceptions", "list", "--sku", self.sku, "--json").splitlines()]
        self.assertEqual([row["verdict"] for row in rows], ["unit_unknown"])
        number = str(rows[0]["number"])
        self.atp("exceptions", "replay", number, status=1)
        self.atp("unit", "put", case, "--is", "24", "--told-by", "bolt")
        self.atp("exceptions", "replay", number)
        self.assertEqual(self.on_hand(self.sku), 48)
        path = self.write("g.csv", f"id,item,place,qty,uom,what\n{self.name}-2,{self.sku},{self.node},2,{case},GR\n")
        self.assertEqual(self.told(path, profile, "--source", "acme")["applied"], 1)
        self.assertEqual(self.on_hand(self.sku), 72)

    def stock_profile(self, more=""):
        return self.write("stock.yaml", STOCK + more)

    def test_ten_cases_of_twelve_are_120(self):
        self.atp("alias", "put", "0012345", "--sku", self.sku, "--told-by", "wms")
        self.atp("alias", "put", "L-7", "--node", self.node, "--told-by", "wms")
        self.atp("unit", "put", "CA", "--sku", self.sku, "--is", "12")
        path = self.write("s.csv", f"item,place,qty,uom\n0012345,L-7,10,CA\n{self.other},L-7,5,EA\n")
        shown = self.told(path, self.stock_profile(), "--source", "wms", "--dry-run")
        self.assertEqual((shown["bad"], shown["changed"], shown["new_skus"], shown["new_nodes"]), (0, 2, 0, 0))
        self.assertEqual([(row["sku"], row["node"], row["then"]) for row in shown["largest"]],
                         [(self.sku, self.node, "120"), (self.other, self.node, "5")])
        self.load(path, self.stock_profile(), "--source", "wms")
        self.assertEqual((self.on_hand(self.sku), self.on_hand(self.other)), (120, 5))
        again = self.told(path, self.stock_profile(), "--source", "wms")
        self.assertEqual((again["unchanged"], again["sent"]), (2, 0))

    def test_no_conversion_is_a_bad_row(self):
        self.atp("unit", "put", "DR", "--sku", self.sku, "--is", "1", "--for", "3")
        path = self.write("s.csv", f"item,place,qty,uom\n{self.sku},{self.node},1,CRATE\n"
                                   f"{self.sku},{self.node},10,DR\n{self.other},{self.node},9,DR\n"
                                   f"{self.other},{self.node},2.5,EA\n{self.sku},{self.node},9,DR\n"
                                   f"{self.other},{self.node},1,\n")
        expected = [("2", "unit_unknown", "unit"), ("3", "unit_inexact", "on_hand"), ("4", "unit_unknown", "unit"),
                    ("5", "unit_inexact", "on_hand")]
        profile = self.stock_profile()
        self.assertEqual(self.rejects(path, profile, "--dry-run", status=4), expected)
        self.assertEqual(self.rejects(path, profile, "--max-bad-share", "1"), expected)
        self.assertEqual((self.on_hand(self.sku), self.on_hand(self.other)), (3, 1))

    def test_two_names_of_one_position_are_one(self):
        self.atp("alias", "put", f"{self.name}-upc", "--sku", self.sku)
        self.atp("unit", "put", "CA", "--sku", self.sku, "--is", "12")
        path = self.write("s.csv", f"item,place,qty,uom\n{self.sku},{self.node},5,EA\n{self.name}-upc,{self.node},2,CA\n")
        self.assertEqual(self.rejects(path, self.stock_profile(), "--dry-run", status=4), [("3", "duplicate", "")])
        summed = self.told(path, self.stock_profile("duplicates: sum\n"))
        self.assertEqual((summed["merged"], summed["applied"]), (1, 1))
        self.assertEqual(self.on_hand(self.sku), 29)
        self.load(path, self.stock_profile("duplicates: last\n"), "--again")
        self.assertEqual(self.on_hand(self.sku), 24)

    def test_a_feed_by_other_names_zeroes_only_what_it_leaves_out(self):
        for number, qty in ((1, 10), (2, 20), (3, 30)):
            self.atp("sku", "put", f"{self.name}-{number}")
            self.atp("receive", f"{self.name}-{number}@{self.node}={qty}")
        self.atp("alias", "put", f"upc-{self.name}-1", "--sku", f"{self.name}-1", "--told-by", "3pl")
        self.atp("alias", "put", f"gln-{self.name}", "--node", self.node, "--told-by", "3pl")
        self.atp("unit", "put", "CA", "--sku", f"{self.name}-1", "--is", "12")
        path = self.write("s.csv", f"item,place,qty,uom\nupc-{self.name}-1,gln-{self.name},1,CA\n"
                                   f"{self.name}-2,{self.node},20,EA\n{self.sku},elsewhere,1,EA\n")
        words = ("--source", "3pl", "--feed", self.name, "--as-of", self.now(), "--node", f"gln-{self.name}",
                 "--zero-missing", "--max-zeroed", "1", "--max-change", "1")
        shown = self.told(path, self.stock_profile(), *words, "--dry-run")
        self.assertEqual((shown["good"], shown["bad"], shown["changed"]), (2, 1, 2))
        told = self.told(path, self.stock_profile(), *words)
        self.assertEqual((told["changed"], told["refused"]), (2, 0))
        self.assertEqual([self.on_hand(f"{self.name}-{number}") for number in (1, 2, 3)], [12, 20, 0])
        self.assertEqual(self.told(path, self.stock_profile(), *words)["applied"], 0)
        self.assertEqual([self.on_hand(f"{self.name}-{number}") for number in (1, 2, 3)], [12, 20, 0])

    def test_unknown_names_can_be_bad_rows(self):
        path = self.write("s.csv", f"item,place,qty,uom\nnew-{self.name},{self.node},1,\n{self.sku},nowhere,1,\n"
                                   f"{self.sku},{self.node},4,\n")
        profile = self.stock_profile("unknown_names: bad\nmax_bad_share: 1\n")
        self.assertEqual(self.rejects(path, profile), [("2", "sku_unknown", "sku"), ("3", "node_unknown", "node")])
        self.assertEqual(self.on_hand(self.sku), 4)
        self.assertNotIn(f"new-{self.name}", self.atp("sku", "list"))

    def partner(self):
        """The shipped 846 profile, as a partner's who names items by UPC and places by GLN."""
        text = (Path(SOURCE) / "loaders/profiles/x12-846.yaml").read_text(encoding="utf-8")
        return self.write("846.yaml", text.replace("LIN[VN]", "LIN[UP]") + "source: 3pl-x12\n")

    def test_an_846_in_cases_by_upc_and_gln(self):
        self.write("a.csv", f"alias,sku,node,told_by\n012345678905,{self.sku},,3pl-x12\n036000291452,{self.other},,3pl-x12\n"
                            f"4000001000005,,{self.node},3pl-x12\n")
        self.load(self.folder / f"{self.name}-a.csv", "aliases")
        self.atp("unit", "put", "CA", "--sku", self.sku, "--is", "12")
        path = self.write("s.edi", EDI.format(unit="EA"))
        self.load(path, self.partner())
        self.assertEqual((self.on_hand(self.sku), self.on_hand(self.other)), (127, 3))
        ack = self.folder / f"{self.name}.997"
        path = self.write("t.edi", EDI.format(unit="CA").replace("000000905", "000000906"))
        self.assertEqual(self.rejects(path, self.partner(), "--max-bad-share", "0.5", "--ack", ack),
                         [("12", "unit_unknown", "unit")])
        self.assertIn("AK3*QTY*10**8", ack.read_text())
        self.assertIn("AK4*3**7*CA", ack.read_text())

    def test_an_invrpt_in_cases_and_an_idoc_by_storage_location(self):
        self.atp("unit", "put", "KAR", "--sku", self.sku, "--is", "6")
        self.atp("unit", "put", "CT", "--sku", self.sku, "--is", "10")
        for alias, flag, target in (("4000862141404", "--sku", self.sku), ("4000001000005", "--node", self.node),
                                    ("MAT-1", "--sku", self.sku), ("1000", "--node", self.node)):
            self.atp("alias", "put", alias, flag, target, "--told-by", "erp-x")
        text = (Path(SOURCE) / "loaders/profiles/edifact-invrpt.yaml").read_text(encoding="utf-8")
        profile = self.write("inv.yaml", text.replace("PIA[SA]", "LIN[EN]") + "source: erp-x\n")
        edi = self.write("s.edi", "UNA:+.? 'UNB+UNOC:3+4012345000009:14+4098765000006:14+261121:0300+4711'\n"
                         "UNH+1+INVRPT:D:96A:UN:EAN007'BGM+35+INV20261121+9'LIN+1++4000862141404:EN'\n"
                         "LOC+18+4000001000005::9'INV++++1'QTY+145:35:CT'QTY+145:5:PCE'UNT+8+1'UNZ+1+4711'\n")
        self.load(edi, profile)
        self.assertEqual(self.on_hand(self.sku), 355)
        text = (Path(SOURCE) / "loaders/samples/sap-proact01.idoc").read_text(encoding="utf-8").splitlines(True)[:5]
        idoc = "".join(text).replace("bike-28", "MAT-1  ").replace("120.000        PCE", "7              KAR")
        idoc = idoc.replace("hamburg   ", "1000      ")
        self.load(self.write("s.idoc", idoc), "sap-proact01", "--source", "erp-x")
        self.assertEqual(self.on_hand(self.sku), 42)

    def test_supplies_and_facts_in_cases(self):
        self.atp("alias", "put", "gtin-9", "--sku", self.sku, "--told-by", "sup")
        self.atp("unit", "put", "CA", "--sku", self.sku, "--is", "12")
        profile = self.write("sup.yaml", "version: 1\nname: sup\nloads: supplies\nformat: {delimiter: \",\", header: true}\n"
                             "columns: {supply: po, sku: item, node: place, quantity: qty, received: got, due: due, unit: uom}\n"
                             "source: sup\nempty_quantity: zero\n")
        path = self.write("s.csv", f"po,item,place,qty,got,due,uom\n{self.name}-1,gtin-9,{self.node},5,2,2030-01-01,CA\n")
        self.load(path, profile)
        listed = json.loads(self.atp("supply", "list", self.sku, "--json").splitlines()[0])
        self.assertEqual((listed["supply"], listed["node"]), (f"{self.name}-1", self.node))
        self.assertIn("36", {str(value) for value in listed.values()})
        profile = self.write("mov.yaml", "version: 1\nname: mov\nloads: facts\nformat: {kind: json_lines}\nsource: sup\n"
                             "columns: {event: id, sku: item, node: place, quantity: qty, unit: uom, status: type}\n"
                             "facts: [{status: GR, fact: receive}]\nown_units: [EA]\n")
        lines = [{"id": f"{self.name}-{uom}", "type": "GR", "item": "gtin-9", "place": self.node, "qty": 2, "uom": uom}
                 for uom in ("CA", "EA", "SOME")]
        path = self.write("m.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        shown = self.told(path, profile, "--dry-run")
        self.assertEqual(shown["unit_unknown"], 1)
        told = json.loads(self.load(path, profile, "--json", status=1))
        self.assertEqual((told["applied"], told["refused_by"]), (2, {"unit_unknown": 1}))
        self.assertEqual(self.on_hand(self.sku), 26)
        self.assertIn("unit_unknown", self.atp("exceptions", "list", "--sku", self.sku))

    def test_a_load_that_was_stopped_goes_on_under_the_names_of_then(self):
        """A new meaning makes another command of a row: what was counted before stays told, and is not told twice."""
        path = self.write("s.csv", f"item,place,qty,uom\n{self.name}-x,{self.node},5,\n")
        self.atp("alias", "put", f"{self.name}-x", "--sku", self.sku)
        self.load(path, self.stock_profile())
        self.atp("receive", f"{self.sku}@{self.node}=1")
        self.assertEqual(self.told(path, self.stock_profile())["loaded_before"], 1)
        self.assertEqual(self.on_hand(self.sku), 6)
        self.atp("alias", "drop", f"{self.name}-x", "--of", "sku")
        self.atp("alias", "put", f"{self.name}-x", "--sku", self.other)
        self.assertEqual(self.told(path, self.stock_profile())["applied"], 1)
        self.assertEqual((self.on_hand(self.sku), self.on_hand(self.other)), (6, 5))


if __name__ == "__main__":
    atp_case.main(own=1)
