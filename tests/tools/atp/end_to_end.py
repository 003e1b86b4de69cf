#!/usr/bin/env python3
"""Every command of atp against a real atpd: good and bad, as table and as JSON, with its exit status.

Usage: end_to_end.py ATP ATPD SOURCE_FOLDER [unittest arguments]
"""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from daemon import Daemon  # noqa: E402 pylint: disable=wrong-import-position
from end_to_end_groups import Groups  # noqa: E402 pylint: disable=wrong-import-position
from ports import free_port  # noqa: E402 pylint: disable=wrong-import-position

ATP, ATPD, SOURCE = sys.argv[1:4]
DONE, REFUSED, USAGE, NO_ANSWER, BAD_INPUT, FAILED = range(6)
ERP = Path(SOURCE).parent / "shared" / "data" / "adventureworks"

COMMANDS = """avail explain watch reserve extend allocate release cancel ship reassign show reservations outcome receive sale adjust
count safety put load export generate exceptions stat bench help completion version""".split()
FAMILIES = ["sku put", "sku list", "node put", "node list", "channel put", "channel list",
            "rule list", "quota list", "limit list", "group put", "group drop", "group list", "group show"]


SIZES = {"skus": 20000, "nodes": 200, "positions": 100000, "reservations": 50000, "lines": 100000, "outcomes": 200000,
         "string-bytes": "32MiB"}


def environment(url, events_url):
    result = {name: value for name, value in os.environ.items() if not name.startswith("ATP_")}
    result.update(ATP_URL=url, ATP_EVENTS_URL=events_url, ATP_CLIENT="tester@bench")
    return result


def run(*words, url=None, events_url=None, stdin=None, timeout=60):
    return subprocess.run([ATP, *words], capture_output=True, text=True, input=stdin, timeout=timeout,
                          env=environment(url or daemon.url, events_url or (daemon and daemon.events_url) or ""))


daemon = None


class EndToEnd(Groups, unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        global daemon
        cls.folder = Path(tempfile.mkdtemp(prefix="atp-end-to-end-"))
        daemon = Daemon(ATP, ATPD, cls.folder, SIZES)
        daemon.wait_ready()

    @classmethod
    def tearDownClass(cls):
        daemon.stop()
        shutil.rmtree(cls.folder)

    # ---- helpers ----

    def atp(self, *words, status=DONE, **more):
        result = run(*words, **more)
        self.assertEqual(result.returncode, status, f"{words}\n{result.stdout}{result.stderr}")
        return result

    def table(self, *words, **more):
        """The lines of a table, split at two blanks or more."""
        return [re.split(r" {2,}", line.strip()) for line in self.atp(*words, **more).stdout.splitlines()]

    def objects(self, *words, **more):
        return [json.loads(line) for line in self.atp(*words, "--json", **more).stdout.splitlines()]

    def stock(self, sku, qty, node="berlin", scale=0):
        self.atp("sku", "put", sku, "--scale", str(scale))
        self.atp("node", "put", node, "--state", "open")
        self.atp("count", f"{sku}@{node}={qty}")

    # ---- the program itself ----

    def test_every_command_has_help_with_examples(self):
        listing = self.atp("--help").stdout
        for command in COMMANDS + FAMILIES:
            self.assertIn(f"  {command} ", listing)
            text = self.atp(*command.split(), "--help").stdout
            self.assertIn("Examples\n", text)
            examples = text.split("Examples\n")[1].split("\n\n")[0].splitlines()
            self.assertTrue(2 <= len(examples) <= 10, command)
            self.assertEqual(text, self.atp("help", *command.split()).stdout)

    def test_a_wrong_command_or_flag_is_named_with_a_suggestion(self):
        cases = [
            (["resreve"], "did you mean 'reserve'?"), (["frobnicate"], "there is no command 'frobnicate'"),
            (["sku"], "atp sku put, atp sku list"), (["sku", "drop"], "there is no 'sku drop'"),
            (["avail", "a", "--exlpain"], "did you mean --explain?"), (["avail", "a", "--zzz"], "unknown flag --zzz"),
            (["avail"], "something is missing: atp avail SKU[@NODE]..."), (["avail", "a", "--json=1"], "takes no value"),
            (["reserve", "a@b=1", "--ttl"], "--ttl needs a value"), (["reserve", "a@b=1", "--ttl", "15"], "not a duration"),
            (["reserve", "a@b=1", "--mode", "most"], "'most' is not one of"), (["reserve", "a@b"], "is not SKU[@NODE]=QTY"),
            (["count", "a=1"], "is not SKU@NODE=QTY"), (["reserve", "a@b=1e3"], "is not a quantity"),
            (["count", "a@b=100000000000001"], "too large: at most 10^14 smallest units"),
            (["count", "a@b=" + "9" * 40 + ".5"], "too large: at most 10^14 smallest units"),
            (["count", "a@b=1.2345678"], "is not a quantity"), (["count", "a@b=1."], "is not a quantity"),
            (["reserve", "s" * 65 + "@b=1"], "1 to 64 bytes"), (["reserve", "a@" + "n" * 300 + "=1"], "1 to 64 bytes"),
            (["avail", "s" * 65], "1 to 64 bytes"), (["reserve", "a@b=1", "--ttl", "0"], "too short: at least 1ms"),
            (["reserve"] + ["a@b=1"] * 1025, "1025 lines are too many: a request has at most 1024 lines"),
            (["cancel", "c-1"] + ["a@b=1"] * 1025, "1025 lines are too many: a request has at most 1024 lines"),
            (["count"] + ["a@b=1"] * 8193, "8193 words are too many: at most 8192"),
            (["reserve", "a@b=1", "--id", "x" * 65], "1 to 64 bytes"), (["stat", "more"], "one word too many"),
            (["node", "put", "n", "--state", "shut"], "not one of open|paused|draining|closed"),
            (["stat", "--timeout", "0ms"], "too short"), (["reservations", "--state", "lost"], "'lost' is not one of"),
            (["export", "everything"], "positions, reservations, aliases or units"), (["completion", "fish"], "bash or zsh"),
            (["generate", "--skus", "0"], "--skus"), (["bench", "avail", "--async", "5"], "--async is for reserve"),
            (["load", "x.csv"], "--profile says what the columns mean"), (["stat", "--url", "nowhere"], "nowhere"),
            (["count", "a@b=1", "c@d=1", "--id", "one"], "--id names one request"), ([], "Usage: atp COMMAND"),
            (["--json"], "a command is missing"), (["reserve", "a=1", "--with", "noed=b"], "reserve does not take it"),
            (["reserve", "a=1", "--with", "2:node=b"], "there is no such line"), (["put", "reserve", "x"], "not a kind it can put"),
        ]
        for words, part in cases:
            result = self.atp(*words, status=USAGE)
            self.assertIn(part, result.stderr, words)

    def test_version_and_completion_are_printed(self):
        self.assertRegex(self.atp("version").stdout, r"^atp \d+\.\d+\.\d+\n$")
        self.assertIn("version", self.objects("version")[0])
        self.assertIn("compdef", self.atp("completion", "zsh").stdout)

    def test_bash_completes_commands_flags_and_modes(self):
        script = self.folder / "complete.bash"
        script.write_text(self.atp("completion", "bash").stdout)
        cases = [
            ("atp rese", "reserve reservations"), ("atp reserve --mo", "--mode"),
            ("atp reserve a@b=1 --mode ''", "all-or-nothing partial track-only"), ("atp --url x node ''", "put show list"), ("atp transfer ''", "create list ship receive cancel"),
            ("atp node put n --state ''", "open paused draining closed"), ("atp bench ''", "reserve avail"),
            ("atp count a@b=1 --bucket u", "unavailable"), ("atp load f --profile shop", "shopify-inventory"),
            ("atp completion ''", "bash zsh"), ("atp stat --js", "--json"), ("atp stat --url ''", ""),
            ("atp reserve a=1 --with no", "node="),
        ]
        for line, wanted in cases:
            got = subprocess.run(
                ["bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1));"
                 " COMPREPLY=(); _atp; echo \"${COMPREPLY[*]}\""], capture_output=True, text=True, check=True)
            self.assertEqual(got.stdout.strip(), wanted, line)
            self.assertEqual(got.stderr, "", line)

    def test_the_reference_in_the_docs_is_that_of_the_program(self):
        page = (Path(SOURCE) / "docs" / "atp.md").read_text()
        self.assertTrue(self.atp("help", "--markdown").stdout in page,
                        "docs/atp.md: replace the reference by the output of `atp help --markdown`")

    def test_no_engine_is_said_with_what_to_do(self):
        nowhere = f"tcp://127.0.0.1:{free_port()}"
        result = self.atp("reserve", "a@b=1", "--timeout", "300ms", url=nowhere, status=NO_ANSWER)
        self.assertIn("no engine reached", result.stderr)
        self.assertIn("Nothing was sent", result.stderr)
        self.assertIn("--url", result.stderr)
        answer = self.objects("avail", "a", "--timeout", "300ms", url=nowhere, status=NO_ANSWER)
        self.assertEqual(answer[0]["error"], "not_found")

    def test_a_closed_pipe_ends_without_a_signal(self):
        result = subprocess.run(f"'{ATP}' --help | head -1", shell=True, capture_output=True, text=True)
        self.assertEqual(result.stdout, "atp: ask and change what can be promised\n")

    # ---- catalogue ----

    def test_skus_nodes_and_channels_are_put_and_listed(self):
        self.assertEqual(self.table("sku", "put", "cat-1", "--name", "Größe 40", "--scale", "2")[1][0], "applied")
        self.atp("sku", "put", "cat-1")  # what is not given stays
        entry = [one for one in self.objects("sku", "list") if one["sku"] == "cat-1"]
        self.assertEqual(entry, [{"sku": "cat-1", "scale": 2, "value": "", "name": "Größe 40"}])
        self.atp("node", "put", "cat-node", "--state", "paused", "--name", "Store")
        self.atp("node", "put", "cat-node", "--name", "Shop")
        entry = [one for one in self.objects("node", "list") if one["node"] == "cat-node"]
        self.assertEqual(entry, [{"node": "cat-node", "state": "paused", "name": "Shop"}])
        self.atp("channel", "put", "web", "--ttl", "20min")
        self.assertIn({"channel": "web", "ttl_ms": 1200000, "says": ""}, self.objects("channel", "list"))
        self.assertEqual(self.table("channel", "list")[0], ["CHANNEL", "TTL", "SAYS"])
        self.assertEqual(len(self.objects("sku", "list", "--limit", "1")), 1)
        self.atp("channel", "put", "web", "--ttl", "300d", status=REFUSED)

    def test_the_scale_of_a_sku_with_stock_cannot_change(self):
        self.stock("scaled", "1.25", scale=2)
        result = self.atp("sku", "put", "scaled", "--scale", "0", status=REFUSED)
        self.assertIn("scale_in_use", result.stderr)
        self.assertEqual(self.objects("sku", "put", "scaled", "--scale", "0", status=REFUSED)[0]["verdict"],
                         "scale_in_use")

    # ---- stock and availability ----

    def test_stock_moves_and_is_shown_with_its_parts(self):
        self.stock("moves", "10")
        self.assertEqual(self.objects("receive", "moves@berlin=5")[0]["change"], "5")
        self.assertEqual(self.objects("sale", "moves@berlin=2")[0]["change"], "-2")
        self.atp("adjust", "moves@berlin=-1", "--reason", "loss")
        self.atp("adjust", "moves@berlin=3", "--bucket", "unavailable", "--reason", "damage")
        self.atp("safety", "moves@berlin=4")
        row = self.objects("avail", "moves@berlin", "--explain")[0]
        self.assertEqual([row[key] for key in ("on_hand", "unavailable", "safety", "atp_signed", "atp", "promisable")],
                         ["12", "3", "4", "5", "5", "5"])
        self.assertIsInstance(row["as_of_op"], int)
        lines = self.atp("avail", "moves", "--per-node", "--explain").stdout.splitlines()
        self.assertEqual(lines[0].split()[:4], ["SKU", "NODE", "ATP", "PROMISABLE"])
        self.assertEqual(lines[1].split(), ["moves", "berlin", "5", "5", "12", "3", "0", "0", "4", "5"])
        self.assertEqual(lines[0].index("SAFETY") + len("SAFETY"), lines[1].rindex("4") + 1)  # to the right

    def test_refused_stock_says_which_line(self):
        self.stock("refused", "1")
        rows = self.objects("count", "refused@berlin=2", "no-such@berlin=1", "refused@berlin=-1", status=REFUSED)
        self.assertEqual([row["verdict"] for row in rows], ["applied", "unknown_sku", "qty_must_not_be_negative"])
        result = self.atp("receive", "refused@berlin=1.5", status=REFUSED)
        self.assertEqual(result.stdout, "")
        self.assertIn("qty_too_precise", result.stderr)
        self.assertIn("refused@berlin=1.5", result.stderr)
        result = self.atp("count", "refused@berlin=3", "no-such@berlin=1", status=REFUSED)
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()], ["VERDICT", "applied"])
        self.assertIn("unknown_sku", result.stderr)
        for words in (["node", "put", "berlin", "--issued", "1"], ["channel", "put", "web", "--ttl", "300d"],
                      ["safety", "no-such@berlin=1"]):
            self.assertEqual(self.atp(*words, status=REFUSED).stdout, "", words)

    def test_availability_of_several_is_asked_at_once(self):
        self.stock("many-1", "3", node="paris")
        self.stock("many-1", "4")
        self.stock("many-2", "0.5", scale=3)
        rows = self.objects("avail", "many-1", "many-2", "--one-op")
        self.assertEqual([(row["sku"], row["node"], row["atp"]) for row in rows],
                         [("many-1", None, "7"), ("many-2", None, "0.500")])
        rows = self.objects("avail", "many-1", "--node", "paris", "--node", "berlin")
        self.assertEqual([(row["node"], row["atp"]) for row in rows], [("paris", "3"), ("berlin", "4")])
        self.assertEqual(len(self.objects("avail", "many-1", "--per-node")), 2)
        self.assertEqual(self.objects("avail", "many-1", "--all-nodes")[0]["atp"], "7")
        self.assertEqual(self.atp("avail", "many-1", "-q").stdout, "many-1  (all)  7  7\n")

    def test_unknown_names_are_refused_by_name(self):
        self.stock("there", "1")
        result = self.atp("avail", "not-there", "there@nowhere", status=REFUSED)
        self.assertIn("unknown_sku: not-there", result.stderr)
        self.assertIn("unknown_node: nowhere", result.stderr)
        rows = self.objects("avail", "not-there", "there", status=REFUSED)
        self.assertEqual([row.get("verdict") for row in rows], ["unknown_sku", None])
        answer = self.objects("avail", "there", "--channel", "no-channel", status=REFUSED)
        self.assertEqual(answer[0]["error"], "unknown_channel")

    # ---- reservations ----

    def test_a_reservation_lives_from_cart_to_shipment(self):
        self.stock("bike", "10")
        self.stock("rice", "2.5", scale=3, node="paris")
        text = self.atp("reserve", "bike@berlin=3", "rice@paris=1.25", "--id", "cart-1", "--owner", "anna",
                        "--ttl", "15min").stdout.splitlines()
        self.assertRegex(text[0], r"^reserved cart-1, until \d{4}-\d\d-\d\dT.*Z \(15 min\), op \d+$")
        self.assertEqual(text[1].split(), ["SKU", "NODE", "ASKED", "RESERVED"])
        self.assertEqual(text[3].split(), ["rice", "paris", "1.25", "1.250"])
        record = self.objects("show", "cart-1")[0]
        self.assertEqual((record["state"], record["owner"]), ("reserved", "anna"))
        self.assertIsInstance(record["deadline_ms"], int)
        extended = self.objects("extend", "cart-1", "--ttl", "20min")[0]
        self.assertGreater(extended["deadline_ms"], record["deadline_ms"])
        self.assertIn("released cart-1", self.atp("release", "cart-1", "bike@berlin=1").stdout)
        self.assertIn("allocated cart-1", self.atp("allocate", "cart-1").stdout)
        self.assertIn("shipped cart-1", self.atp("ship", "cart-1", "bike@berlin=1").stdout)
        self.assertIn("cancelled cart-1", self.atp("cancel", "cart-1", "rice@paris=1.25").stdout)
        record = self.objects("show", "cart-1")[0]
        self.assertEqual(record["lines"][0], {"sku": "bike", "node": "berlin", "granted": "3", "reserved": "0",
                                              "allocated": "1", "shipped": "1"})
        self.assertIsNone(record["deadline_ms"])
        text = self.atp("show", "cart-1").stdout
        self.assertIn("cart-1  allocated\n", text)
        self.assertIn("  expires  never\n", text)

    def test_more_than_there_is_is_refused_or_granted_in_part(self):
        self.stock("few", "2")
        result = self.atp("reserve", "few@berlin=3", status=REFUSED)
        self.assertEqual(result.stdout, "")
        self.assertIn("atp: refused: not_enough_available", result.stderr)
        self.assertIn("atp avail few --per-node --explain", result.stderr)
        answer = self.objects("reserve", "few@berlin=3", status=REFUSED)[0]
        self.assertEqual((answer["verdict"], answer["line"], answer["field"]), ("not_enough_available", 0, "qty"))
        answer = self.objects("reserve", "few@berlin=3", "--partial")[0]
        self.assertEqual((answer["verdict"], answer["qty"], answer["lines"][0]["granted"]), ("applied_in_part", "2", "2"))
        self.assertIn("not_enough_available", self.atp("reserve", "few@berlin=1", "--mode", "partial", status=REFUSED).stderr)

    def test_the_very_same_request_is_done_once_and_another_conflicts(self):
        self.stock("once", "5")
        issued = str(int(time.time() * 1000))
        first = self.objects("reserve", "once@berlin=1", "--id", "once-1", "--issued", issued)[0]
        again = self.objects("reserve", "once@berlin=1", "--id", "once-1", "--issued", issued)[0]
        self.assertEqual((first["is_repeat"], again["is_repeat"], again["op"]), (False, True, first["op"]))
        result = self.atp("reserve", "once@berlin=2", "--id", "once-1", "--issued", issued, status=REFUSED)
        self.assertIn("refused: conflict", result.stderr)
        self.assertIn(f"The first answer to this id was: applied, op {first['op']}", result.stderr)
        self.assertEqual(self.objects("avail", "once")[0]["atp"], "4")

    def test_the_outcome_of_an_id_can_be_asked(self):
        self.stock("asked", "5")
        self.atp("reserve", "asked@berlin=1", "--id", "asked-1")
        self.atp("receive", "asked@berlin=1", "--id", "asked-2")
        rows = self.objects("outcome", "asked-1", "asked-2")
        self.assertEqual([(row["id"], row["kind"], row["verdict"], row["qty"]) for row in rows],
                         [("asked-1", "reserve", "applied", "1"), ("asked-2", "request", "applied", "1")])
        self.assertIn("nothing is remembered", self.atp("outcome", "asked-2", "--client", "else", status=REFUSED).stderr)
        self.assertEqual(self.objects("outcome", "no-such-id", status=REFUSED)[0]["error"], "unknown_id")

    def test_steps_out_of_order_are_refused_by_name(self):
        self.stock("order", "5")
        self.atp("reserve", "order@berlin=2", "--id", "order-1")
        self.assertIn("not_allocated", self.atp("ship", "order-1", status=REFUSED).stderr)
        self.atp("release", "order-1")
        self.assertIn("already_released", self.atp("allocate", "order-1", status=REFUSED).stderr)
        self.assertIn("unknown_reservation", self.atp("allocate", "no-such", status=REFUSED).stderr)
        result = self.atp("show", "order-1", "no-such", status=REFUSED)
        self.assertIn("order-1  released", result.stdout)
        self.assertIn("there is no reservation 'no-such'", result.stderr)

    def test_a_refusal_says_where_to_look(self):
        self.stock("looked", "5")
        self.atp("channel", "put", "looker", "--with", "maximum=3")
        self.assertIn("atp avail looked --per-node --explain --channel looker\n",
                      self.atp("reserve", "looked@berlin=3", "looked@berlin=3", "--channel", "looker", status=REFUSED).stderr)
        self.assertIn("atp limit list, atp channel list",
                      self.atp("reserve", "looked@berlin=4", "--channel", "looker", status=REFUSED).stderr)
        nameless = self.atp("put", "kit", "no-such-kit", "looked=1", status=REFUSED).stderr
        self.assertIn("at subject (no-such-kit)", nameless)
        self.assertIn("atp sku put no-such-kit\n", nameless)

    def test_a_reserve_says_by_what_it_was_decided(self):
        self.stock("told", "5")
        answer, = self.objects("reserve", "told@berlin=6", "--id", "told-1", "--explain", status=REFUSED)
        self.assertEqual([part["code"] for part in answer["account"]], ["on_hand", "atp", "free", "channel_left", "not_enough"])
        self.assertEqual((answer["verdict"], answer["account_is_cut"]), ("not_enough_available", False))
        words = ("reserve", "told@berlin=5", "--id", "told-2", "--issued", str(time.time_ns() // 1000000), "--explain")
        answer, = self.objects(*words)
        self.assertEqual([part["code"] for part in answer["account"]], ["on_hand", "atp", "free", "channel_left", "enough"])
        self.assertEqual(answer["verdict"], "applied")
        again, = self.objects(*words)
        self.assertEqual((again["op"], again["is_repeat"], again["account"]), (answer["op"], True, []))

    def test_a_refusal_at_an_attribute_says_which(self):
        self.stock("blamed", "5")
        answer, = self.objects("reserve", "blamed=1", "blamed=1", "--with", "2:group=nowhere", status=REFUSED)
        self.assertEqual((answer["field"], answer["attribute"], answer["line"], answer["is_of_line"]),
                         ("attribute", "group", 1, True))
        self.assertIn("; at attribute replaces", self.atp("reserve", "blamed=1", "--with", "replaces=nothing",
                                                          status=REFUSED).stderr)

    def test_what_is_said_of_channels_and_limits_can_be_read(self):
        self.stock("said", "5")
        self.atp("put", "group", "said-group", "--with", "node=berlin")
        self.atp("channel", "put", "said-web", "--with", "ship_group=said-group", "--with", "strategy=cost",
                 "--with", "on_short=re_source", "--with", "increment=2")
        said = {row["channel"]: row["says"] for row in self.objects("channel", "list")}
        self.assertEqual(said["said-web"], "ship_group=said-group strategy=cost on_short=re_source increment=2")
        self.atp("limit", "said@berlin=3")
        self.atp("limit", "said=7", "--channel", "said-web")
        self.atp("sku", "put", "said", "--with", "minimum=2")
        self.atp("reserve", "said@berlin=7")
        rows = [row["says"] for row in self.objects("limit", "list") if row["sku"] == "said"]
        self.assertEqual(sorted(rows), ["channel=said-web limit=7", "minimum=2", "node=berlin limit=3 backordered=2"])

    # A second allocate was once told to cancel.
    def test_the_hint_of_a_refused_step_is_that_of_the_command(self):
        self.stock("hinted", "5")
        self.atp("reserve", "hinted@berlin=2", "--id", "hint-1")
        self.assertIn("atp release hint-1\n", self.atp("cancel", "hint-1", status=REFUSED).stderr)
        self.assertIn("atp allocate hint-1\n", self.atp("ship", "hint-1", status=REFUSED).stderr)
        self.atp("allocate", "hint-1")
        again = self.atp("allocate", "hint-1", status=REFUSED).stderr
        self.assertIn("already_allocated: the units are allocated already", again)
        self.assertIn("Nothing to do", again)
        self.assertNotIn("cancel", again)
        self.assertIn("no deadline", self.atp("extend", "hint-1", status=REFUSED).stderr)
        self.assertIn("atp cancel hint-1\n", self.atp("release", "hint-1", status=REFUSED).stderr)
        self.atp("cancel", "hint-1")
        self.assertIn("Nothing to do", self.atp("cancel", "hint-1", status=REFUSED).stderr)

    def test_reservations_are_listed_by_owner_channel_state_and_age(self):
        self.stock("listed", "50")
        self.atp("channel", "put", "pos")
        self.atp("reserve", "listed@berlin=1", "--id", "listed-1", "--owner", "ben", "--channel", "pos")
        self.atp("reserve", "listed@berlin=2", "--id", "listed-2", "--owner", "ben")
        self.atp("release", "listed-2")
        ids = [row["reservation"] for row in self.objects("reservations", "--owner", "ben")]
        self.assertEqual(ids, ["listed-1", "listed-2"])
        for flags, wanted in ((["--channel", "pos"], ["listed-1"]), (["--state", "released"], ["listed-2"]),
                              (["--state", "reserved,released", "--limit", "1"], ["listed-1"]), (["--older-than", "1h"], [])):
            rows = self.objects("reservations", "--owner", "ben", *flags)
            self.assertEqual([row["reservation"] for row in rows], wanted, flags)
        lines = self.table("reservations", "--owner", "ben", "--state", "reserved")
        self.assertEqual(lines[0], ["RESERVATION", "STATE", "CHANNEL", "OWNER", "AGE", "EXPIRES IN", "LINES"])
        self.assertEqual(lines[1][-1], "listed@berlin=1")
        self.assertIn("no such reservations", self.atp("reservations", "--owner", "nobody").stderr)

    def test_quiet_gives_a_script_the_id_alone(self):
        self.stock("silent", "5")
        made = self.atp("reserve", "silent@berlin=1", "--quiet").stdout.strip()
        self.assertRegex(made, r"^[0-9a-f]{32}$")
        result = self.atp("allocate", made, "--quiet")
        self.assertEqual(result.stdout + result.stderr, "")
        self.assertEqual(self.atp("receive", "silent@berlin=1", "-q").stdout, "")

    def test_a_shipment_told_as_a_fact_is_applied_and_raises_an_exception(self):
        self.stock("fact", "5")
        self.atp("reserve", "fact@berlin=1", "--id", "fact-1")
        self.atp("release", "fact-1")
        self.atp("ship", "fact-1", "fact@berlin=1", "--fact")
        self.assertEqual(self.objects("avail", "fact")[0]["atp"], "4")
        self.stock("short", "5")
        self.atp("reserve", "short@berlin=4", "--id", "short-1")
        self.atp("count", "short@berlin=1")
        rows = [row for row in self.objects("exceptions") if row["sku"] == "short"]
        self.assertEqual((rows[0]["kind"], rows[0]["qty"], rows[0]["reservations"]), ("over_commitment", "-3", ["short-1"]))
        self.assertIn("over_commitment", self.atp("exceptions").stdout)

    def test_a_reservation_goes_to_other_nodes(self):
        self.stock("moved", "5")
        self.stock("moved", "3", node="lyon")
        self.atp("reserve", "moved@berlin=4", "--id", "moved-1")
        result = self.atp("reassign", "moved-1", "--to", "lyon", status=REFUSED)
        self.assertIn("not_enough_available", result.stderr)
        self.atp("reassign", "moved-1", "moved@berlin=1", "--to", "lyon")
        self.assertEqual(self.objects("reassign", "moved-1", "moved@lyon", "--to", "berlin")[0]["plan"],
                         [{"line": 0, "sku": "moved", "node": "berlin", "qty": "1"}])
        self.atp("reassign", "moved-1", "moved", status=USAGE)
        self.atp("reassign", "--to", "lyon", status=USAGE)

    # ---- watch and stat ----

    def test_watch_shows_changes_as_they_come(self):
        self.stock("seen", "5")
        with subprocess.Popen([ATP, "watch", "seen", "--json", "--count", "1", "--for", "30s"], stdout=subprocess.PIPE,
                              text=True, env=environment(daemon.url, daemon.events_url)) as watch:
            qty = 5
            while watch.poll() is None and qty < 3000:  # events before it is connected are not its
                qty += 1
                self.atp("count", f"seen@berlin={qty}")
            event = json.loads(watch.stdout.readline())
        self.assertEqual(watch.returncode, DONE)
        self.assertEqual((event["sku"], event["node"], event["is_out_of_stock"]), ("seen", "berlin", False))
        self.assertLessEqual(int(event["atp"]), qty)
        # Of one SKU: on the others reservations of earlier tests may expire just now.
        quiet = self.atp("watch", "quiet", "--for", "10ms").stdout.split()
        self.assertEqual(quiet, ["TIME", "SKU", "NODE", "ATP", "PROMISABLE", "OP"])
        self.atp("watch", "no-such-sku", "--count", "1", "--for", "50ms", status=NO_ANSWER)

    # It once printed its header and ended with 0.
    def test_watch_of_what_is_no_event_endpoint_is_no_answer(self):
        for url in (f"tcp://127.0.0.1:{free_port()}", daemon.url):
            for more in (["--for", "10ms"], ["--count", "1"]):
                result = self.atp("watch", "--timeout", "300ms", *more, events_url=url, status=NO_ANSWER)
                self.assertEqual(result.stdout, "")
                self.assertIn(f"nobody sends events at {url}", result.stderr)
                self.assertIn("--events-url", result.stderr)
            answer = self.objects("watch", "--timeout", "300ms", events_url=url, status=NO_ANSWER)
            self.assertEqual(answer[0]["error"], "not_found")

    def test_stat_shows_figures_once_or_again(self):
        figures = self.objects("stat")[0]
        self.assertGreater(figures["op_applied"], 0)
        self.assertGreater(self.objects("stat")[0]["requests"], figures["requests"])  # a load looks at it
        self.assertEqual(self.atp("stat").stdout.split()[:2], ["FIGURE", "VALUE"])
        self.assertEqual(len(self.objects("stat", "--watch", "1", "--times", "2")), 2)
        self.assertIn("A SECOND", self.atp("stat", "--watch", "1", "--times", "2").stdout)

    # ---- files ----

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def test_a_generated_catalogue_is_loaded_once_however_often(self):
        path = str(self.folder / "stock.csv")
        self.atp("generate", "--skus", "60", "--nodes", "5", "--seed", "3", "--out", path)
        rows = list(csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8"))))
        dry = self.objects("load", path, "--profile", "native", "--dry-run")[0]
        self.assertEqual((dry["rows"], dry["changed"], dry["new_skus"], dry["new_nodes"]), (300, 300, 60, 5))
        self.atp("avail", rows[0]["sku"], status=REFUSED)  # nothing was changed
        done = self.objects("load", path, "--profile", "native")[0]
        self.assertEqual((done["good"], done["refused"], done["applied"]), (300, 0, done["sent"]))
        row = rows[7]
        shown = self.objects("avail", f"{row['sku']}@{row['node']}", "--explain")[0]
        self.assertEqual(float(shown["on_hand"]), float(row["on_hand"]))
        self.assertEqual(float(shown["safety"]), float(row["safety_stock"]))
        again = self.objects("load", path, "--profile", "native")[0]
        self.assertEqual((again["unchanged"] + again["empty_positions"], again["applied"]), (300, 0))
        self.assertEqual(again["sent"], again["empty_positions"])
        # What sold since is not put back, unless one says so.
        self.atp("sale", f"{row['sku']}@{row['node']}=1")
        again = self.objects("load", path, "--profile", "native")[0]
        self.assertEqual((again["changed"], again["applied"]), (1, 0))
        self.assertGreaterEqual(again["loaded_before"], 1)
        again = self.objects("load", path, "--profile", "native", "--again")[0]
        self.assertGreaterEqual(again["applied"], 1)
        shown = self.objects("avail", f"{row['sku']}@{row['node']}", "--explain")[0]
        self.assertEqual(float(shown["on_hand"]), float(row["on_hand"]))

    # They were once told as rows the ledger has already.
    def test_rows_at_zero_in_an_empty_ledger_are_told_apart(self):
        self.atp("sku", "put", "zero-1")
        self.atp("node", "put", "zero-node")
        path = self.write("zero.csv", "sku,node,on_hand,safety_stock,name,scale\nzero-1,zero-node,0,0,,0\n")
        for before in (0, 1):
            done = self.objects("load", path, "--profile", "native")[0]
            self.assertEqual([done[key] for key in ("unchanged", "empty_positions", "changed", "sent", "loaded_before")],
                             [0, 1, 0, 1, before])
        text = self.atp("load", path, "--profile", "native").stdout
        self.assertRegex(text, r"rows the ledger has already +0\nrows at 0, sent to make the position +1\n")

    def test_a_dry_run_tells_what_would_go_negative(self):
        self.stock("owed", "9", node="dry-node")
        self.atp("reserve", "owed@dry-node=7")
        path = self.write("negative.csv", "sku,node,on_hand,safety_stock,name,scale\nowed,dry-node,5,0,,0\n")
        dry = self.objects("load", path, "--profile", "native", "--dry-run")[0]
        self.assertEqual((dry["would_go_negative"], dry["counts_down"]), (1, 1))
        self.assertEqual(dry["negative"], [{"sku": "owed", "node": "dry-node", "now": "2", "then": "-2"}])
        self.assertEqual(dry["largest"], [{"sku": "owed", "node": "dry-node", "now": "9", "then": "5"}])
        text = self.atp("load", path, "--profile", "native", "--dry-run")
        self.assertIn("Positions that would have less than is promised: 1", text.stdout)
        self.assertIn("Nothing was changed", text.stderr)
        self.assertEqual(self.objects("avail", "owed")[0]["atp"], "2")

    def test_a_bad_file_changes_nothing_and_says_where(self):
        path = self.write("bad.csv", "sku,node,on_hand,safety_stock,name,scale\nok,berlin,1,0,,0\nbad-one,berlin,1x,0,,0\n")
        rejects = str(self.folder / "rejects.csv")
        result = self.atp("load", path, "--profile", "native", "--rejects", rejects, status=BAD_INPUT)
        self.assertIn("bad.csv:3: qty_malformed", result.stderr)
        self.assertIn("3,qty_malformed,on_hand", Path(rejects).read_text())
        self.atp("avail", "ok", status=REFUSED)
        self.assertEqual(self.objects("load", path, "--profile", "native", status=BAD_INPUT)[0]["error"], "invalid")
        done = self.objects("load", path, "--profile", "native", "--max-bad-share", "0.5")[0]
        self.assertEqual((done["good"], done["bad"]), (1, 1))
        self.assertEqual(self.objects("avail", "ok")[0]["atp"], "1")
        self.assertIn("cannot be opened", self.atp("load", "/no/such", "--profile", "native", status=BAD_INPUT).stderr)
        self.assertIn("adventureworks-products", self.atp("load", path, "--profile", "mine", status=BAD_INPUT).stderr)
        profile = self.write("broken.yaml", "version: 1\nnam: x\n")
        self.assertIn("broken.yaml", self.atp("load", path, "--profile", profile, status=BAD_INPUT).stderr)

    def test_refused_rows_are_told_by_verdict(self):
        self.stock("whole", "1", node="load-node")
        text = "sku,node,on_hand,safety_stock,name,scale\nwhole,load-node,1.5,0,,1\n"
        result = self.atp("load", "-", "--profile", "native", stdin=text, status=REFUSED)
        self.assertIn("qty_too_precise", result.stdout)
        self.assertIn("refused: count whole@load-node: qty_too_precise", result.stderr)

    def test_an_edi_file_of_facts_happens_once(self):
        path = str(Path(SOURCE) / "loaders/samples/x12-852.edi")
        for node, qty in (("s1", "50"), ("s2", "50"), ("s3", "50"), ("outlet", "50")):
            self.stock("bike-28", qty, node=node)
        done = self.objects("load", path, "--profile", "x12-852")[0]
        self.assertEqual((done["refused"], done["loaded_before"]), (0, 0))
        again = self.objects("load", path, "--profile", "x12-852")[0]
        self.assertEqual((again["refused"], again["loaded_before"]), (0, 5))
        on_hand = {node: self.objects("avail", "bike-28@" + node, "--explain")[0]["on_hand"]
                   for node in ("s1", "s2", "s3", "outlet")}
        self.assertEqual(on_hand, {"s1": "65", "s2": "47", "s3": "49", "outlet": "50"})

    def test_the_real_erp_export_is_loaded_whole(self):
        if not ERP.is_dir():
            self.skipTest(f"{ERP} is not there")
        self.atp("load", str(ERP / "Location.csv"), "--profile", "adventureworks-locations")
        self.atp("load", str(ERP / "ProductInventory.csv"), "--profile", "adventureworks-inventory")
        done = self.objects("load", str(ERP / "Product.csv"), "--profile", "adventureworks-products", "--safety-spread")[0]
        self.assertEqual((done["rows"], done["refused"]), (504, 0))
        nodes = {row["node"] for row in self.objects("node", "list")}
        rows = [row for row in csv.DictReader(io.StringIO(self.atp("export", "positions").stdout))
                if row["node"].isdigit() and row["node"] in nodes]
        self.assertEqual((len(rows), sum(int(row["on_hand"]) for row in rows)), (1069, 335974))
        safety = sum(int(row["safety"]) for row in rows if row["sku"] == "CA-6738")
        self.assertEqual(safety, 500)
        note = self.atp("load", str(ERP / "Product.csv"), "--profile", "adventureworks-products").stderr
        self.assertIn("--safety-spread", note)

    def test_positions_and_reservations_are_exported(self):
        self.stock('odd, "sku"', "4")
        self.atp("reserve", 'odd, "sku"@berlin=1', "--id", "export-1", "--owner", "eve")
        path = self.folder / "positions.csv"
        self.atp("export", "positions", "--out", str(path))
        self.assertFalse(Path(f"{path}.part").exists())
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        row = [one for one in rows if one["sku"] == 'odd, "sku"'][0]
        self.assertEqual((row["on_hand"], row["reserved"], row["atp_signed"]), ("4", "1", "3"))
        rows = list(csv.DictReader(io.StringIO(self.atp("export", "reservations").stdout)))
        self.assertIn(("export-1", "eve", "1"), [(one["reservation"], one["owner"], one["granted"]) for one in rows])
        self.assertTrue(any(one["sku"] == 'odd, "sku"' for one in self.objects("export", "positions")))
        self.assertTrue(any(one["reservation"] == "export-1" for one in self.objects("export", "reservations")))
        self.assertIn("cannot be created", self.atp("export", "positions", "--out", "/no/such/file", status=FAILED).stderr)

    # It once renamed over whatever had the name: as root, /dev/full became a regular file.
    def test_out_replaces_regular_files_only(self):
        small = ["generate", "--skus", "3", "--nodes", "1", "--out"]
        wanted = self.atp(*small, "-").stdout
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
            self.atp(*small, str(pipe))
            self.assertEqual(reader.communicate(timeout=30)[0], wanted)
        self.assertTrue(pipe.is_fifo())
        real = folder / "real.csv"
        real.write_text("old")
        real.chmod(0o600)
        for name, target in [("link.csv", "real.csv"), ("dangling.csv", "made.csv")]:
            (folder / name).symlink_to(target)
            self.atp(*small, str(folder / name))
            self.assertTrue((folder / name).is_symlink())
            self.assertEqual((folder / target).read_text(), wanted)
        self.assertEqual(real.stat().st_mode & 0o777, 0o600)
        self.assertIn("cannot be created", self.atp(*small, str(folder), status=FAILED).stderr)
        self.assertEqual(sorted(one.name for one in folder.iterdir()),
                         ["dangling.csv", "link.csv", "made.csv", "pipe", "real.csv"])

    # ---- explain ----

    def test_explain_is_an_account_that_ends_in_the_decision(self):
        self.stock("why", "10", node="why-1")
        self.stock("why", "4", node="why-2")
        self.atp("safety", "why@why-1=3")
        self.atp("node", "put", "why-2", "--state", "paused")
        rows = self.table("explain", "why", "--qty", "8")
        self.assertEqual([row[2:5] for row in rows[1:]], [
            ["+", "on_hand", "10"], ["-", "safety", "3"], ["=", "atp", "7"], ["=", "free", "7"],
            ["+", "on_hand", "4"], ["=", "atp", "4"], ["-", "node_not_open", "4"], ["=", "free", "0"],
            ["=", "all_nodes", "7"], ["!", "not_enough", "1"]])
        last = self.objects("explain", "why", "--qty", "8")[-1]
        self.assertEqual((last["code"], last["detail"], last["effect"], last["node"]), ("not_enough", "node_not_open", "decided", None))
        self.assertEqual(self.objects("explain", "why@why-1", "--qty", "7")[-1]["code"], "enough")
        self.assertEqual([one["sku"] for one in self.objects("explain", "why@why-2", "why@why-1") if one["code"] == "free"],
                         ["why", "why"])
        for words, name in [(["nothing"], "unknown_sku"), (["why@nowhere"], "unknown_node"),
                            (["why", "--channel", "none"], "unknown_channel"), (["why", "--qty", "0.5"], "qty_too_precise")]:
            self.assertEqual(self.objects("explain", *words, status=REFUSED)[0]["error"], name)
        self.assertIn("not a quantity", self.atp("explain", "why", "--qty", "-1", status=USAGE).stderr)

    # ---- attributes ----

    def test_a_line_that_leaves_its_node_open_is_answered_with_a_plan(self):
        for node in ("open-1", "open-2", "open-3"):
            self.stock("open", "2", node=node)
        table = self.table("reserve", "open=5", "--id", "open-cart", "--with", "node=open-3", "--with", "node=open-1",
                           "--with", "1:node=open-2", "--with", "1:node=open-3", "--with", "1:node=open-1")
        self.assertEqual(table[1:], [["SKU", "NODE", "ASKED", "RESERVED"], ["open", "-", "5", "5"], ["LINE", "SKU", "FROM", "QTY"],
                                     ["1", "open", "open-2", "2"], ["1", "open", "open-3", "2"], ["1", "open", "open-1", "1"]])
        one = self.objects("reserve", "open=1", "--id", "open-rest")[0]
        self.assertEqual(one["plan"], [{"line": 0, "sku": "open", "node": "open-1", "qty": "1"}])
        self.assertEqual(self.objects("reserve", "open=1", status=REFUSED)[0]["verdict"], "not_enough_available")

    def test_help_lists_the_attributes_of_every_request(self):
        text = self.atp("help", "attributes").stdout
        self.assertRegex(text, r"(?m)^  node +a node, in order of preference")
        self.assertRegex(text, r"(?m)^  reserve +node\.\.\. \(also LINE:\), group")
        self.assertIn("Attributes, by --with KEY=VALUE", self.atp("reserve", "--help").stdout)

    # ---- bench ----

    def test_bench_gives_the_same_answers_for_the_same_seed(self):
        flags = ["--ops", "300", "--skus", "20", "--nodes", "2", "--seed", "5"]
        first = self.objects("bench", "reserve", *flags)[0]
        second = self.objects("bench", "reserve", *flags, "--clients", "4", "--handles", "--batch", "10")[0]
        third = self.objects("bench", "reserve", *flags, "--async", "50")[0]
        self.assertEqual({one["hash"] for one in (first, second, third)}, {first["hash"]})
        self.assertEqual({one["ops"] for one in (first, second, third)}, {300})
        self.assertEqual({(one["decided"], one["undecided"]) for one in (first, second, third)}, {(300, 0)})
        self.assertEqual((first["refused"], first["granted_units"], first["calls"], second["calls"]), (0, 300, 300, 30))
        self.assertTrue(0 < first["p50_ns"] <= first["p99_ns"] <= first["p999_ns"] <= first["max_ns"])
        self.assertEqual(sum(calls for _, calls in second["calls_by_ns"]), second["calls"])
        self.assertEqual(second["calls_by_ns"], sorted(second["calls_by_ns"]))
        self.assertLessEqual(second["max_ns"], second["calls_by_ns"][-1][0])
        other = self.objects("bench", "reserve", "--ops", "300", "--hot", "--clients", "3")[0]
        self.assertEqual((other["positions"], other["granted_units"]), (1, 300))
        ask = self.objects("bench", "avail", *flags, "--use-existing", "--batch", "7", "--demand", "uniform")[0]
        self.assertEqual((ask["ops"], ask["calls"], ask["refused"]), (300, 43, 0))
        text = self.atp("bench", "avail", "--ops", "50", "--skus", "3", "--nodes", "1").stdout
        self.assertIn("decided a second", text)
        self.assertRegex(text, r"hash of the answers  [0-9a-f]{16}\n")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=1)
