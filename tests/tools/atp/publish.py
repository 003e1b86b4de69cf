#!/usr/bin/env python3
"""atp publish against an atpd: what a shell script can tell, how it waits, and how what it told is traced to the booking.

Usage: publish.py ATP ATPD [unittest arguments]
"""
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import atp_case  # noqa: E402 pylint: disable=wrong-import-position
from atp_case import ATP, BAD_INPUT, NO_ANSWER, REFUSED  # noqa: E402 pylint: disable=wrong-import-position


class Publish(atp_case.Case):
    def stock(self, position, qty):
        self.atp("sku", "put", position.split("@")[0])
        self.atp("node", "put", position.split("@")[1])
        self.atp("count", f"{position}={qty}")

    def test_one_id_leads_from_the_till_to_the_booking(self):
        self.stock("kettle@essen", 10)
        self.atp("subscriber", "put", "erp", "--posts", "sold", "--confirms")
        self.atp("publish", "till-1", "--folder", "till-1",
                 lines='{"op":"sale","sku":"kettle","node":"essen","qty":2,"correlation":"W-1"}\n'
                       '{"op":"sale","sku":"kettle","node":"essen","qty":1,"correlation":"W-2"}\n')
        posted = [json.loads(row) for row in
                  self.atp("postings", "follow", "erp", "--once", "--ack", "--json", "--quiet").splitlines()]
        mine = [row for row in posted if row["correlation"] == "W-1"]
        self.assertEqual([(row["kind"], row["qty"]) for row in mine], [("sold", "2")])
        self.atp("postings", "confirm", "erp", mine[0]["key"])
        traced = self.atp("trace", "W-1")
        self.assertRegex(traced, r"sale .* kettle +essen +2 .* till-1 +W-1")
        self.assertRegex(traced, r"sold .* kettle +essen +2 .* W-1 +erp +erp ")
        self.assertNotIn("W-2", traced)

    def test_what_was_expected_comes_and_a_transfer_goes_its_way(self):
        self.stock("chair@bonn", 10)
        self.atp("node", "put", "koeln")
        self.atp("supply", "put", "po-7", "chair@bonn=6", "--due", "2099-01-04")
        self.atp("transfer", "create", "t-7", "chair@bonn=4", "--to", "koeln", "--due", "2099-01-05")
        self.atp("publish", "floor", "--folder", "floor", "--format", "csv",
                 lines="op,supply,transfer,sku,node,qty,final\n"
                       "receive_supply,po-7,,chair,bonn,5,1\n"
                       "transfer_ship,,t-7,,,,\n"
                       "transfer_receive,,t-7,chair,koeln,4,\n")
        self.assertEqual((self.on_hand("chair@bonn"), self.on_hand("chair@koeln")), (11, 4))
        rows = {row["supply"]: row for row in self.objects("supply", "list") + self.objects("transfer", "list")}
        self.assertEqual((rows["po-7"]["status"], rows["po-7"]["received"]), ("closed", "5"))
        self.assertEqual((rows["t-7"]["status"], rows["t-7"]["received"]), ("received", "4"))
        self.atp("transfer", "create", "t-8", "chair@bonn=4", "--to", "koeln", "--due", "2099-01-05")
        self.atp("publish", "floor", "--folder", "floor", lines='{"op":"transfer_cancel","transfer":"t-8"}\n')
        self.assertEqual({row["supply"]: row for row in self.objects("transfer", "list")}["t-8"]["status"], "cancelled")

    def test_csv_as_a_spreadsheet_writes_it_is_read(self):
        self.stock("lamp@essen", 10)
        said = self.atp("publish", "till-2", "--folder", "till-2", "--format", "csv", status=BAD_INPUT,
                        lines="\ufeffop,sku,node,qty\r\nsale,lamp,essen,1\r\n\"sale\",\"lamp\",essen,many\r\n\r\nsale,lamp,essen,2")
        self.assertIn("line 3: 'many' is not a quantity", said)
        self.assertEqual(self.on_hand("lamp@essen"), 7)

    def test_who_waits_for_a_paused_source_is_told_and_can_be_stopped(self):
        self.stock("tent@essen", 10)
        self.atp("source", "put", "till-3", "--kind", "pos", "--claim", "sales:shared")
        self.atp("source", "pause", "till-3")
        with subprocess.Popen([ATP, "publish", "till-3", "--folder", "till-3"], cwd=self.folder, text=True,
                              env=self.environment(), stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as waiting:
            waiting.stdin.write('{"op":"sale","sku":"tent","node":"essen","qty":1}\n')
            waiting.stdin.close()
            self.assertIn("the source is paused", waiting.stderr.readline())
            waiting.send_signal(signal.SIGTERM)
            said = waiting.stderr.read()
            self.assertEqual(waiting.wait(timeout=60), NO_ANSWER, said)
        self.assertIn("Nothing is lost", said)
        self.assertEqual(self.on_hand("tent@essen"), 10)
        self.atp("source", "resume", "till-3")
        self.atp("publish", "till-3", "--folder", "till-3")
        self.assertEqual(self.on_hand("tent@essen"), 9)

    def receive(self, folder, qty, *flags, **expected):
        return self.atp("publish", "till-4", "--folder", folder, *flags, **expected,
                        lines=f'{{"op":"receive","sku":"rope","node":"essen","qty":{qty}}}\n')

    def test_what_a_copied_folder_keeps_is_not_taken_for_what_the_other_one_told(self):
        self.stock("rope@essen", 0)
        self.receive("till-4", 1)
        shutil.copytree(self.folder / "till-4", self.folder / "put-back")
        self.receive("till-4", 10)
        for qty in (100, 1000):
            self.receive("put-back", qty, "--no-wait", "--url", "tcp://127.0.0.1:1")
        said = self.receive("put-back", 10000, status=REFUSED)
        self.assertIn("batches that this folder never told it", said)
        self.assertIn("3 batches wait", said)
        self.assertEqual(self.on_hand("rope@essen"), 11)
        self.receive("till-4", 20)
        self.assertEqual(self.on_hand("rope@essen"), 31)


if __name__ == "__main__":
    atp_case.main()
