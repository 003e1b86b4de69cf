"""Groups of nodes and crossings of levels: a part of end_to_end.py, whose helpers it uses."""

REFUSED, USAGE = 1, 2


class Groups:
    def test_groups_are_put_listed_shown_and_dropped(self):
        for node in ("g-1", "g-2", "g-3"):
            self.stock("grouped", "2", node=node)
        self.atp("group", "put", "g-all", "g-3", "g-1", "g-2", "--cost", "g-1=250", "--cost", "g-3=0")
        self.assertEqual(self.table("group", "show", "g-all"),
                         [["PLACE", "NODE", "COST"], ["1", "g-3", "0"], ["2", "g-1", "250"], ["3", "g-2", "0"]])
        self.atp("group", "put", "g-some", "g-2")
        listed = {row["group"]: row for row in self.objects("group", "list")}
        self.assertEqual(listed["g-all"], {"group": "g-all", "nodes": 3, "preferred": "g-3"})
        self.assertEqual(listed["g-some"]["nodes"], 1)
        self.assertEqual(self.objects("reserve", "grouped=4", "--with", "group=g-some", status=REFUSED)[0]["verdict"],
                         "not_enough_available")
        self.atp("group", "put", "g-some", "g-2", "g-1")
        self.atp("reserve", "grouped=4", "--with", "group=g-some")
        self.atp("group", "drop", "g-some")
        self.assertIn("no such group", self.atp("group", "show", "g-some", status=REFUSED).stderr)
        self.assertIn("no such group", self.atp("group", "drop", "g-some", status=REFUSED).stderr)
        self.assertIn("no such group", self.atp("group", "drop", "g-never", status=REFUSED).stderr)
        self.assertNotIn("g-some", [row["group"] for row in self.objects("group", "list")])

    def test_a_group_that_is_said_wrong_is_not_sent(self):
        self.assertIn("not named", self.atp("group", "put", "g", "a", "--cost", "b=1", status=USAGE).stderr)
        for cost in ("a", "a=", "a=-1", "a=1x", "a= 1"):
            self.assertIn("not NODE=COST", self.atp("group", "put", "g", "a", "--cost", cost, status=USAGE).stderr)
        self.atp("group", "put", "g", status=USAGE)
        self.assertIn("unknown_node", self.atp("group", "put", "g", "no-such-node", status=REFUSED).stderr)

    def test_crossings_are_told_afterwards(self):
        self.atp("channel", "put", "cross")
        self.stock("crossed", "20")
        self.atp("put", "rule", "cross-low", "--with", "channel=cross", "--with", "low=5")
        for qty in ("4", "0", "9"):
            self.stock("crossed", qty)
        rows = self.objects("crossings", "--channel", "cross", "--sku", "crossed")
        self.assertEqual([(row["to"], row["available"]) for row in rows][-3:], [("low", "4"), ("out", "0"), ("ok", "9")])
        later = self.objects("crossings", "--channel", "cross", "--sku", "crossed", "--after", str(rows[-2]["number"]))
        self.assertEqual(later, rows[-1:])
        self.assertEqual(self.objects("crossings", "--channel", "cross", "--sku", "crossed", "--limit", "1"), rows[:1])
        self.assertIn("no crossings", self.atp("crossings", "--channel", "nowhere").stderr)
        self.assertEqual(self.table("crossings", "--limit", "1")[0],
                         ["NUMBER", "TIME", "CHANNEL", "SKU", "FROM", "TO", "AVAILABLE", "OP"])
