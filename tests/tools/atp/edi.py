#!/usr/bin/env python3
"""atp load --ack against an atpd: what the sender of an EDI file hears back.

Usage: edi.py ATP ATPD [unittest arguments]
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import atp_case  # noqa: E402 pylint: disable=wrong-import-position
from atp_case import BAD_INPUT, DONE, FAILED, REFUSED, USAGE  # noqa: E402 pylint: disable=wrong-import-position

SAMPLES = Path(__file__).resolve().parents[3] / "loaders" / "samples"


class Acknowledgements(atp_case.Case):
    def load(self, text, profile, *flags, ack="out", status=DONE):
        """Loads the text; returns the acknowledgement, None without one, and what was said. `ack` None: none is wanted."""
        (self.folder / "in.edi").write_text(text, encoding="latin-1")
        path = self.folder / (ack or "out")
        path.unlink(missing_ok=True)
        said = self.atp("load", "in.edi", "--profile", profile, *(("--ack", ack) if ack else ()), *flags, status=status)
        self.assertFalse((self.folder / (path.name + ".part")).exists())
        return (path.read_text(encoding="latin-1") if path.exists() else None), said

    @staticmethod
    def report(number, items=None):
        """The sample of an 846 under another control number of its interchange, and of other items."""
        text = (SAMPLES / "x12-846.edi").read_text(encoding="latin-1").replace("000000905", number)
        return text.replace("bike-28", f"{items}-28").replace("helmet-m", f"{items}-m") if items else text

    def test_a_report_is_accepted_once_and_then_a_duplicate(self):
        text = self.report("000000001")
        first, _ = self.load(text, "x12-846")
        self.assertIn("AK1*IB*1204~\nAK2*846*0001~\nAK5*A~\nAK2*846*0002~\nAK5*A~\nAK9*A*2*2*2~\n", first)
        self.assertTrue(first.startswith("ISA*00*          *00*          *ZZ*RETAILER       *ZZ*WAREHOUSE3PL   *"))
        again, said = self.load(text, "x12-846")
        self.assertIn("TA1*000000001*261121*0300*R*025~\nIEA*0*000000001~\n", again)
        self.assertIn("acknowledged as duplicates", said)
        other_file, _ = self.load(text.replace("~\n", "~"), "x12-846")
        self.assertIn("*R*025~", other_file)  # the same interchange, in other bytes
        fresh, _ = self.load(self.report("000000002"), "x12-846")
        self.assertIn("AK9*A*2*2*2~\n", fresh)  # another one that says the same

    def test_an_interchange_twice_in_a_file_counts_once(self):
        one = self.report("000000011", "twice")
        _, said = self.load(one + one, "x12-846", ack=None)
        self.assertIn("interchange_repeated", said)
        self.assertEqual(self.on_hand("twice-28@bremen"), 7)
        told, _ = self.load(one + self.report("000000012", "other") + one, "x12-846")
        self.assertEqual((told.count("*R*025~"), told.count("AK9*A*2*2*2~")), (2, 1))
        self.assertEqual((self.on_hand("twice-28@bremen"), self.on_hand("other-28@bremen")), (7, 7))

    def test_an_interchange_is_known_in_another_file_and_takes_nothing_back(self):
        text = self.report("000000013", "known")
        self.load(text, "x12-846", ack=None)
        self.atp("sale", "known-28@bremen=2")
        other = self.report("000000014", "fresh")
        _, said = self.load(text + other, "x12-846", ack=None)
        self.assertIn("1 of 2 interchanges had been loaded before: not again", said)
        self.assertEqual((self.on_hand("known-28@bremen"), self.on_hand("fresh-28@bremen")), (5, 7))
        self.load(text, "x12-846", "--again", ack=None)
        self.assertEqual(self.on_hand("known-28@bremen"), 7)

    def test_the_later_of_two_reports_of_a_place_holds(self):
        first, later = (self.report(number, "two") for number in ("000000015", "000000016"))
        later = later.replace("QTY*17*7*EA", "QTY*17*3*EA").replace("QTY*20*4*EA", "QTY*20*5*EA")
        told, _ = self.load(first + later, "x12-846")
        self.assertEqual((self.on_hand("two-28@bremen"), self.on_hand("two-28@hamburg")), (3, 120))
        self.assertEqual(told.count("AK9*A*2*2*2~"), 2)
        self.atp("sale", "two-28@bremen=1")
        self.load(later, "x12-846", ack=None)  # known from the file of both
        self.assertEqual(self.on_hand("two-28@bremen"), 2)

    def test_facts_and_notices_twice_are_duplicates(self):
        for name, told in (("x12-852", "*R*025~"), ("x12-856", "*R*025~"), ("edifact-desadv", "+4+26'"),
                           ("edifact-invrpt", "+4+26'")):
            text = (SAMPLES / f"{name}.edi").read_text(encoding="latin-1")
            first, _ = self.load(text, name)
            self.assertNotIn(told, first, name)
            again, _ = self.load(text, name)
            self.assertIn(told, again, name)

    def test_a_file_that_is_refused_is_told_why(self):
        text = self.report("000000003").replace("QTY*17*35*EA", "QTY*17*3x*EA")
        told, _ = self.load(text, "x12-846", status=BAD_INPUT)
        self.assertIn("AK3*QTY*9**8~\nAK4*2**6~\nAK5*R*5~\nAK2*846*0002~\nAK5*R~\nAK9*R*2*2*0~\n", told)
        told, _ = self.load(text, "x12-846", "--max-bad-share", "0.5")
        self.assertIn("AK3*QTY*9**8~\nAK4*2**6~\nAK5*E*5~\nAK2*846*0002~\nAK5*A~\nAK9*E*2*2*2~\n", told)
        told, _ = self.load(self.report("000000004").replace("GE*2*", "GE*3*"), "x12-846",
                            status=BAD_INPUT)
        self.assertIn("AK9*R*2*2*0*5~\n", told)

    def test_what_was_taken_in_part_and_says_something_else_later_is_a_duplicate(self):
        text = self.report("000000021", "differs")
        bad = text.replace("QTY*17*35*EA", "QTY*17*3x*EA")
        told, _ = self.load(bad, "x12-846", "--max-bad-share", "0.5")
        self.assertIn("AK5*E*5~", told)
        self.atp("sale", "differs-28@bremen=2")
        told, said = self.load(text + self.report("000000022", "beside"), "x12-846", status=BAD_INPUT)
        self.assertIn("000000021 was loaded before, from the same sender under the same number", said)
        self.assertIn("TA1*000000021*261121*0300*R*025~", told)
        self.assertIn("AK9*R*2*2*0~", told)  # the other one: of the file nothing was loaded
        self.atp("avail", "beside-28", status=REFUSED)
        told, _ = self.load(bad, "x12-846", "--max-bad-share", "0.5")  # the same goes on; all that is good in it was told
        self.assertIn("*R*025~", told)
        self.assertEqual(self.on_hand("differs-28@bremen"), 5)

    def test_a_feed_is_acknowledged(self):
        text = self.report("000000005", "feed")
        flags = ("--feed", "edi-5", "--as-of", "2026-11-21T03:00:00Z")
        told, _ = self.load(text, "x12-846", *flags)
        self.assertIn("AK9*A*2*2*2~\n", told)
        told, _ = self.load(text, "x12-846", *flags)
        self.assertIn("*R*025~", told)

    def test_counts_of_an_acknowledged_feed_go_together(self):
        text = self.report("000000007", "many")
        self.load(text, "x12-846", ack=None)  # so that the feed finds what it says
        flags = ("--feed", "edi-7", "--as-of", self.now())
        told, said = self.load(text, "x12-846", *flags, "--json")
        self.assertIn("AK9*A*2*2*2~\n", told)
        summary = json.loads(said.splitlines()[0])
        self.assertEqual((summary["sent"], summary["refused"]), (0, 0))  # no count by itself
        # what a later feed has counted is not asked for again, and is no exception
        self.load(self.report("000000008", "many"), "x12-846", "--feed", "edi-8", "--as-of", self.now())
        before = self.atp("exceptions", "--json")
        told, said = self.load(text, "x12-846", *flags, "--json")
        self.assertIn("TA1*000000007*261121*0300*R*025~", told)
        self.assertEqual(self.atp("exceptions", "--json"), before)
        # what says something else under its number is not told
        other = text.replace("QTY*17*7*EA", "QTY*17*9*EA")
        told, said = self.load(other, "x12-846", *flags, status=BAD_INPUT)
        self.assertIn("TA1*000000007*261121*0300*R*025~", told)
        self.assertIn("said something else then; nothing was loaded", said)
        # under another name it is another feed
        told, _ = self.load(text, "x12-846", "--feed", "edi-9", "--as-of", self.now())
        self.assertIn("AK9*A*2*2*2~\n", told)

    def test_an_acknowledged_feed_that_was_stopped_is_no_duplicate(self):
        text = self.report("000000011", "half")
        flags = ("--feed", "edi-11", "--as-of", self.now())
        # all its counts are told, of another interchange; that it is told as a whole nobody has said
        self.load(self.report("000000012", "half"), "x12-846", *flags, ack=None)
        told, _ = self.load(text, "x12-846", *flags)
        self.assertIn("AK9*A*2*2*2~\n", told)
        told, _ = self.load(text, "x12-846", *flags)
        self.assertIn("*R*025~", told)

    def test_what_cannot_be_acknowledged_is_said_before_anything_is_loaded(self):
        text = self.report("000000006").replace("bike-28", "never-there")
        for name, flags in (("nowhere/out", ()), ("out", ("--dry-run",))):
            told, _ = self.load(text, "x12-846", *flags, ack=name, status=FAILED if flags == () else USAGE)
            self.assertIsNone(told)
        self.load("sku,node,on_hand\na,b,1\n", "native", status=USAGE)
        told, _ = self.load("sku,node,on_hand\na,b,1\n", "x12-846", status=BAD_INPUT)
        self.assertIsNone(told)  # nobody sent that
        self.assertIn("unknown_sku", self.atp("avail", "never-there", status=REFUSED))


if __name__ == "__main__":
    atp_case.main()
