import unittest

from weirbench.ratios import ratios, rotated, spread, summarize


class Ratios(unittest.TestCase):
    def test_every_round_begins_with_the_next_peer(self):
        self.assertEqual(rotated(["a", "b", "c"], 0), ["a", "b", "c"])
        self.assertEqual(rotated(["a", "b", "c"], 1), ["b", "c", "a"])
        self.assertEqual(rotated(["a", "b", "c"], 5), ["c", "a", "b"])
        self.assertEqual(rotated([], 3), [])

    def test_a_spread_has_the_median_of_an_even_number_too(self):
        self.assertEqual(spread([4, 1, 2, 3]), {"median": 2.5, "min": 1, "max": 4})
        self.assertIsNone(spread([]))

    def test_ratios_are_taken_within_a_round(self):
        self.assertEqual(ratios([{"x": 1}, {"x": 6}], [{"x": 2}, {"x": 3}], "x"), [0.5, 2])

    def test_a_round_that_did_not_count_gives_no_ratio(self):
        self.assertEqual(ratios([None, {"x": 6}], [{"x": 2}, {"x": 3}], "x"), [2])
        self.assertEqual(ratios([{"x": 1}, {"x": 6}], [{"x": 0}, None], "x"), [])

    def test_a_summary_has_the_ratio_of_the_subject_to_each_other_peer(self):
        rounds = {"weir": [{"x": 1.0}, {"x": 3.0}], "other": [{"x": 2.0}, {"x": 4.0}], "failed": [None, None]}
        summary = summarize(rounds, "weir", ["x", "y"])
        self.assertEqual(summary["weir"], {"x": {"median": 2.0, "min": 1.0, "max": 3.0}})
        self.assertEqual(summary["other"]["x"]["ratio"], {"median": 0.625, "min": 0.5, "max": 0.75})
        self.assertEqual(summary["failed"], {})
