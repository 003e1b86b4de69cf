#!/usr/bin/env python3
"""atp trace of facts that came in numbered batches: what became of each, before and after atpd is killed.

Usage: traces.py ATP ATPD [unittest arguments]
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import atp_case  # noqa: E402 pylint: disable=wrong-import-position
from atp_case import ATP, ATPD, NO_ANSWER, SIZES  # noqa: E402 pylint: disable=wrong-import-position
from daemon import Daemon  # noqa: E402 pylint: disable=wrong-import-position


class Traces(atp_case.Case):
    sizes = {"exceptions": 1000}

    def stock(self, position, qty):
        self.atp("sku", "put", position.split("@")[0])
        self.atp("node", "put", position.split("@")[1])
        self.atp("count", f"{position}={qty}")

    def publish(self, source, *facts, words=(), status=atp_case.DONE):
        return self.atp("publish", source, "--folder", source, *words, status=status,
                        lines="".join(json.dumps(fact) + "\n" for fact in facts))

    def trace(self, correlation):
        """The facts of the trace, without what they have posted."""
        return [row for row in self.objects("trace", correlation) if "client" in row and "verdict" in row]

    def fates(self, correlation):
        return [(row["kind"], row["verdict"], row.get("exception_state"), row.get("on_hand"))
                for row in self.trace(correlation)]

    def kill(self):
        """kill -9, and a new atpd on the same data."""
        self.daemon.process.kill()
        self.daemon.process.wait(timeout=60)
        self.daemon.log.close()
        type(self).daemon = Daemon(ATP, ATPD, self.folder, {**SIZES, **self.sizes})
        self.daemon.wait_ready()

    @staticmethod
    def sale(sku, qty, correlation, node="essen"):
        return {"op": "sale", "sku": sku, "node": node, "qty": qty, "correlation": correlation}

    def test_what_became_of_each_fact_is_told_and_survives_a_kill(self):
        self.stock("kettle@essen", 10)
        self.atp("subscriber", "put", "erp", "--posts", "sold", "--posts", "received", "--confirms")
        self.atp("source", "put", "wms", "--kind", "wms", "--claim", "on_hand+receipts@essen", "--claim",
                 "sales:shared@essen", "--unknown-names", "park")
        self.publish("wms", self.sale("kettle", 2, "W-1"), self.sale("kettle", 1, "another"),
                     {"op": "receive", "sku": "teapot", "node": "essen", "qty": 5, "correlation": "W-1"},
                     {"op": "adjust", "sku": "kettle", "node": "essen", "qty": 1, "correlation": "W-1"},
                     {"op": "count", "sku": "kettle", "node": "essen", "qty": 4, "correlation": "W-1"},
                     self.sale("kettle", "0.5", "W-1"), self.sale("kettle", "0.25", "W-1"))
        told = [("sale", "applied", None, "-2"), ("receive", "parked", "parked", None),
                ("adjust", "outside_authority", "open", None), ("count", "applied", None, "-3"),
                ("sale", "qty_too_precise", "open", None), ("sale", "qty_too_precise", "open", None)]
        self.assertEqual(self.fates("W-1"), told)
        self.kill()
        self.assertEqual(self.fates("W-1"), told)

        rows = self.trace("W-1")
        self.assertEqual({(row["client"], row["sequence"]) for row in rows}, {("wms", 1)})
        self.atp("sku", "put", "teapot")
        self.atp("exceptions", "replay", rows[4]["exception"], "kettle@essen=1", "--reason", "half a kettle")
        self.atp("exceptions", "discard", rows[5]["exception"], "--reason", "no such thing")
        settled = told[:1] + [("receive", "parked", "replayed", "5")] + told[2:4] + [
            ("sale", "qty_too_precise", "replayed", "-1"), ("sale", "qty_too_precise", "discarded", None)]
        self.assertEqual(self.fates("W-1"), settled)
        self.kill()
        self.assertEqual(self.fates("W-1"), settled)
        self.assertEqual((self.on_hand("kettle@essen"), self.on_hand("teapot@essen")), (3, 5))

        said = self.atp("trace", "W-1")
        replayed = self.trace("W-1")[4]
        self.assertRegex(said, rf"qty_too_precise +on_hand -1 +{replayed['exception']} replayed, op "
                               rf"{replayed['settled_op']} +wms +W-1")
        # To the ERP's posting, of the fact that was replayed as well; what its op did for others is not told.
        self.assertRegex(said, rf"{replayed['settled_op']}\.1 .* sold +kettle +essen +1 ")
        self.assertRegex(said, r"received +teapot +essen +5 ")
        self.assertNotIn("another", said)

    def test_a_fact_that_waits_is_told_until_it_is_applied(self):
        self.stock("lamp@essen", 10)
        self.atp("source", "put", "slow", "--kind", "pos", "--claim", "sales:shared@essen")
        self.atp("source", "pause", "slow")
        self.publish("slow", self.sale("lamp", 3, "W-2"), words=("--wait", "1s"), status=NO_ANSWER)
        waiting = self.trace("W-2")
        self.assertEqual([(row["op"], row["verdict"], row["waits_for"]) for row in waiting],
                         [(None, "source_paused", "pause")])
        self.assertRegex(self.atp("trace", "W-2"), r" - .* sale .* lamp +essen +3 +waits \(pause\) +slow +W-2")
        self.atp("source", "resume", "slow")
        self.publish("slow")
        applied = self.trace("W-2")
        self.assertEqual([(row["verdict"], row["on_hand"]) for row in applied], [("applied", "-3")])
        self.assertGreater(applied[0]["op"], 0)

    def test_a_shadow_is_compared_and_changes_nothing(self):
        self.stock("pan@bonn", 10)
        self.atp("source", "put", "old", "--claim", "sales@bonn")
        self.atp("source", "put", "new", "--claim", "sales@bonn", "--shadow-of", "old")
        self.publish("new", self.sale("pan", 3, "W-4", "bonn"))
        self.publish("old", self.sale("pan", 4, "W-4", "bonn"))
        self.atp("source", "cut-over", "new")
        self.publish("new", self.sale("pan", 5, "W-4", "bonn"))
        self.assertEqual(self.fates("W-4"), [("sale", "confirmed", None, None), ("sale", "applied", None, "-4"),
                                             ("sale", "applied", None, "-5")])

    def test_a_fact_of_a_reservation_is_found_by_it(self):
        self.stock("sofa@essen", 10)
        self.atp("reserve", "sofa@essen=4", "--id", "r-1")
        self.publish("floor", {"op": "ship", "reservation": "r-1", "sku": "sofa", "node": "essen", "qty": 5})
        rows = self.objects("trace", "r-1", "--reservation")
        shipped = [row for row in rows if row.get("kind") == "ship"][0]
        self.assertEqual((shipped["verdict"], shipped["on_hand"]), ("applied", "-5"))
        self.assertEqual((shipped["exception_kind"], shipped["exception_state"]),
                         ("shipped_without_reservation", "open"))


if __name__ == "__main__":
    atp_case.main()
