import unittest

from weirbench.curves import against, at_sizes, curve, over_base, split
from weirbench.ratios import summarize
from weirbench.table import row_table


class Curves(unittest.TestCase):
    ROUNDS = {"weir-10": [{"x": 12.0}, {"x": 21.0}], "weir-1": [{"x": 10.0}, {"x": 20.0}],
              "epoll-1": [{"x": 7.0}, None], "epoll-10": [None, {"x": 7.0}]}

    def summary(self):
        return summarize(self.ROUNDS, "weir", ["x"], against(1))

    def test_a_peer_is_a_program_at_a_size(self):
        self.assertEqual(at_sizes(["weir", "haproxy"], (1, 10), {"haproxy": "not installed"}), ["weir-1", "weir-10"])
        self.assertEqual(split("haproxy-splice-10"), ("haproxy-splice", 10))
        self.assertEqual(against(1)("haproxy-1000"), "haproxy-1")

    def test_each_is_held_against_its_own_least_size_in_the_same_round(self):
        summary = self.summary()
        self.assertEqual(summary["weir-10"]["x"]["ratio"], {"median": 1.125, "min": 1.05, "max": 1.2})
        self.assertNotIn("ratio", summary["weir-1"]["x"])
        self.assertNotIn("ratio", summary["epoll-10"]["x"])  # never both in one round

    def test_a_curve_has_its_sizes_in_order(self):
        points = curve(self.summary(), "x")["weir"]
        self.assertEqual([size for size, _ in points], [1, 10])
        self.assertEqual([over_base(figure)["median"] for _, figure in points], [1.0, 1.125])
        self.assertEqual(curve(self.summary(), "y"), {})

    def test_the_table_says_what_stands_beside_a_figure(self):
        row = {"name": "upstreams", "title": "many", "subject": "weir", "beside": "each / one server", "cells": [],
               "metrics": [{"key": "x", "title": "x", "digits": 1}]}
        self.assertIn("each / one server in the same round", row_table(row)[1])
        self.assertIn("weir / peer in the same round", row_table(row | {"beside": ""})[1])
