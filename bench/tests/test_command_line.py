import contextlib
import io
import os
import unittest

from weirbench.command_line import parse


def refused(*arguments):
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            parse(list(arguments))
        except SystemExit as ending:
            return ending.code, said.getvalue()
    return None, ""


class CommandLine(unittest.TestCase):
    def test_rows_keep_their_order_whatever_is_written(self):
        self.assertEqual([row.name for row in parse(["--rows", "echo,requests"]).chosen], ["requests", "echo"])

    def test_a_quick_run_may_be_given_more_rounds(self):
        options = parse(["--quick", "--rounds", "3"])
        self.assertEqual((options.rounds, options.window), (3, 0.6))

    def test_cores_are_a_list_with_ranges(self):
        core = min(os.sched_getaffinity(0))
        self.assertEqual(parse(["--proxy-cores", f"{core},{core}-{core}"]).proxy_cores, frozenset({core}))

    def test_bad_usage_is_told_with_what_there_is(self):
        for arguments, hint in ((["--rows", "nothing"], "requests"), (["--proxy-cores", "x"], "0-3"),
                                (["--load-cores", "999"], "usable"), (["--rounds", "0"], "--rounds"),
                                (["--window", "0"], "--window")):
            code, said = refused(*arguments)
            self.assertEqual(code, 2)
            self.assertIn(hint, said)
