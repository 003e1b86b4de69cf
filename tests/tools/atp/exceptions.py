#!/usr/bin/env python3
"""atp exceptions against a real atpd: facts that were refused are listed, replayed, told anew, discarded.

Usage: exceptions.py ATP ATPD [unittest arguments]
"""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import atp_case  # noqa: E402 pylint: disable=wrong-import-position
from atp_case import REFUSED, USAGE  # noqa: E402 pylint: disable=wrong-import-position


class Exceptions(atp_case.Case):
    sizes = {"positions": 10000, "reservations": 10000, "lines": 20000, "string-bytes": "16MiB"}
    atp = atp_case.Case.run_atp

    def stock(self, sku, qty):
        self.atp("sku", "put", sku)
        self.atp("node", "put", "berlin")
        self.atp("count", f"{sku}@berlin={qty}")

    def exceptions_of(self, sku, *words):
        return self.objects("exceptions", "list", "--sku", sku, *words)

    def test_a_fact_that_was_refused_is_replayed_once_it_can_be(self):
        self.stock("known", "5")
        self.atp("receive", "ghost@berlin=3", status=REFUSED)
        row = self.exceptions_of("ghost")[0]
        number = str(row["number"])
        self.assertEqual((row["kind"], row["verdict"], row["fact"]),
                         ("fact_refused", "unknown_sku", "receive ghost@berlin=3"))
        self.assertIn("receive ghost@berlin=3", self.atp("exceptions", "show", number).stdout)
        misspelt = self.atp("exceptions", "list", "--kind", "fact-refused").stderr
        self.assertIn("none like that", misspelt)
        self.assertNotIn("nothing waits", misspelt)
        self.assertIn("unknown_sku", self.atp("exceptions", "replay", number, status=REFUSED).stderr)
        self.assertEqual(self.exceptions_of("ghost")[0]["count"], 2)
        self.atp("sku", "put", "ghost")
        self.atp("exceptions", "replay", number, "--id", "settle-ghost")
        self.assertEqual(self.objects("avail", "ghost")[0]["atp"], "3")
        self.assertIn("already_settled", self.atp("exceptions", "replay", number, status=REFUSED).stderr)
        self.assertEqual(self.objects("avail", "ghost")[0]["atp"], "3")
        self.assertEqual(self.exceptions_of("ghost"), [])
        settled = self.exceptions_of("ghost", "--state", "replayed")[0]
        self.assertEqual((settled["state"], settled["settled_by"]), ("replayed", "tester@bench"))

    def test_a_fact_that_was_refused_is_told_anew_or_discarded(self):
        self.stock("right", "5")
        self.atp("receive", "wrnog@berlin=3", status=REFUSED)
        self.atp("receive", "wrnog@berlin=1", status=REFUSED)
        first, second = [str(row["number"]) for row in self.exceptions_of("wrnog", "--kind", "fact_refused")]
        self.atp("exceptions", "replay", first, "right@berlin=2", "--reason", "misspelt, and one was broken")
        self.assertEqual(self.objects("avail", "right")[0]["atp"], "7")
        self.assertIn("--reason", self.atp("exceptions", "discard", second, status=USAGE).stderr)
        self.atp("exceptions", "discard", second, "--reason", "counted since")
        rows = {row["state"]: row for row in self.exceptions_of("wrnog", "--state", "all")}
        self.assertEqual(rows["replayed"]["cause"], "misspelt, and one was broken")
        self.assertEqual(rows["discarded"]["cause"], "counted since")
        self.assertIn("counted since", self.atp("exceptions", "show", second).stdout)
        self.assertEqual(self.exceptions_of("wrnog", "--state", "all", "--older-than", "1h"), [])
        self.assertEqual(self.exceptions_of("wrnog", "--state", "all", "--source", "wms"), [])
        self.atp("exceptions", "show", "999999", status=REFUSED)
        self.atp("exceptions", "show", "x", status=USAGE)
        self.atp("exceptions", "mend", "1", status=USAGE)
        self.atp("exceptions", "replay", status=USAGE)

    def test_a_fact_that_was_refused_is_put_right_in_place_and_replayed_later(self):
        self.stock("hammer", "5")
        self.atp("node", "put", "paris")
        self.atp("receive", "hamer@berlin=3", status=REFUSED)
        number = str(self.exceptions_of("hamer")[0]["number"])
        self.assertIn("--reason", self.atp("exceptions", "edit", number, "hammer@berlin=3", status=USAGE).stderr)
        self.atp("exceptions", "edit", number, "hammer@berlin=3", "--reason", "misspelt")
        self.assertEqual(self.objects("avail", "hammer")[0]["atp"], "5")
        self.atp("exceptions", "edit", number, "hammer@paris=4", "--reason", "and it was in paris")
        row = self.exceptions_of("hamer")[0]
        self.assertEqual((row["state"], row["fact"], row["edited_fact"], row["edit_count"], row["edited_by"],
                          row["edit_cause"]),
                         ("open", "receive hamer@berlin=3", "receive hammer@paris=4", 2, "tester@bench",
                          "and it was in paris"))
        self.assertIn("receive hammer@paris=4", self.atp("exceptions", "show", number).stdout)
        self.atp("exceptions", "replay", number)
        self.assertEqual(self.objects("avail", "hammer@paris")[0]["atp"], "4")
        self.assertIn("already_settled", self.atp("exceptions", "edit", number, "hammer@paris=1", "--reason", "no",
                                                  status=REFUSED).stderr)
        self.assertIn("and it was in paris", self.atp("exceptions", "show", number).stdout)

    def test_an_owner_is_found_by_rule_and_told_when_time_is_up(self):
        self.stock("drill", "5")
        self.atp("source", "put", "wms", "--claim", "all")
        self.atp("exceptions", "owner", "put", "anybody", "--order", "100")
        self.atp("exceptions", "owner", "put", "warehouse", "--kind", "fact_refused", "--node", "berlin", "--sla", "1ms")
        self.atp("receive", "dril@berlin=3", status=REFUSED)
        self.assertEqual(self.exceptions_of("dril", "--owner", "anybody"), [])
        number = self.exceptions_of("dril", "--owner", "warehouse")[0]["number"]
        overdue = []
        deadline = time.monotonic() + 60
        while not overdue and time.monotonic() < deadline:
            overdue = self.exceptions_of("dril", "--owner", "warehouse", "--beyond-sla")
        self.assertEqual([row["number"] for row in overdue], [number])
        self.assertTrue(overdue[0]["is_overdue"])
        self.assertIn("overdue", self.atp("exceptions", "show", str(number)).stdout)
        owners = {row["owner"]: row for row in self.objects("exceptions", "owner", "list")}
        self.assertEqual(owners["warehouse"]["says"],
                         "order=0 exception_kind=fact_refused node=berlin exception_sla_ms=1")
        self.assertGreaterEqual(owners["warehouse"]["overdue"], 1)
        stat = self.objects("stat")[0]
        self.assertGreaterEqual(stat["exceptions_overdue_owner_warehouse"], 1)
        self.daemon.wait_logged(f"event=exception_overdue exception={number} kind=fact_refused owner=warehouse")
        self.atp("exceptions", "owner", "drop", "warehouse")
        self.assertEqual(self.exceptions_of("dril")[0]["owner"], "anybody")
        self.assertIn("unknown_owner", self.atp("exceptions", "owner", "drop", "warehouse", status=REFUSED).stderr)
        self.atp("exceptions", "owner", "put", status=USAGE)
        self.atp("exceptions", "owner", "put", "x", "--kind", "bad_weather", status=REFUSED)
        self.atp("exceptions", "discard", str(number), "--reason", "counted since")


if __name__ == "__main__":
    atp_case.main()
