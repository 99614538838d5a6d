"""What the peers and tools say, as the benchmark reads it."""

import unittest

from weirbench import iperf
from weirbench.failures import NotServed
from weirbench.load import check
from weirbench.peer_files import filled_in
from weirbench.rows.balance import unevenness
from weirbench.tools import pgbench, redis, wrk


def report(**changes):
    good = {"connections": {"asked": 2, "reached": 2}, "requests": {"completed": 9}, "exit_status": 0,
            "errors": {"total": 0, "kinds": {"reset": 0, "corrupt": 0}, "examples": []}}
    return good | changes


class WeirLoad(unittest.TestCase):
    def test_a_run_without_errors_counts(self):
        check(report())

    def test_a_run_with_errors_does_not(self):
        for bad in (report(connections={"asked": 2, "reached": 1}), report(requests={"completed": 0}),
                    report(exit_status=1),
                    report(errors={"total": 1, "kinds": {"reset": 1}, "examples": ["connection 1: reset"]})):
            with self.assertRaises(NotServed):
                check(bad)


class Iperf(unittest.TestCase):
    def test_what_arrived_one_way_is_counted(self):
        end = {"sum_sent": {"bytes": 9, "bits_per_second": 9}, "sum_received": {"bytes": 8, "bits_per_second": 64}}
        self.assertEqual(iperf.arrived({"end": end}), (8, 64))

    def test_what_arrived_both_ways_is_added_up(self):
        end = {"sum_received": {"bytes": 8, "bits_per_second": 64},
               "sum_received_bidir_reverse": {"bytes": 2, "bits_per_second": 16}}
        self.assertEqual(iperf.arrived({"end": end}), (10, 80))

    def test_a_failure_or_an_idle_direction_does_not_count(self):
        for bad in ({"error": "unable to connect"}, {"end": {}},
                    {"end": {"sum_received": {"bytes": 0, "bits_per_second": 0}}}):
            with self.assertRaises(NotServed):
                iperf.arrived(bad)


class Tools(unittest.TestCase):
    def test_wrk(self):
        said = "  Latency   1.0ms\n  45000 requests in 3.00s, 9.00MB read\nRequests/sec:  15000.00\n"
        self.assertEqual(wrk.parse(said), (45000, 3.0))
        self.assertEqual(wrk.parse("  5 requests in 500.00ms, 9.00MB read\n"), (5, 0.5))
        for bad in (said + "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
                    said + "  Non-2xx or 3xx responses: 2\n", "0 requests in 3.00s, 0.00B read", "no such host"):
            with self.assertRaises(NotServed):
                wrk.parse(bad)

    def test_pgbench(self):
        said = "number of transactions actually processed: 12345\nnumber of failed transactions: 0 (0.000%)\n"
        self.assertEqual(pgbench.parse(said), 12345)
        for bad in (said.replace("transactions: 0", "transactions: 3"), "connection refused", ""):
            with self.assertRaises(NotServed):
                pgbench.parse(bad)

    def test_redis_benchmark(self):
        self.assertEqual(redis.parse('"test","rps","avg_latency_ms"\n"GET","51000.50","0.3"\n'), 51000.5)
        with self.assertRaises(NotServed):
            redis.parse("Could not connect to Redis")


class Balance(unittest.TestCase):
    def test_an_even_share_is_1_and_all_on_one_worker_is_2(self):
        self.assertEqual(unevenness({"a": 3, "b": 3}, {"a": 19, "b": 19}, 32), 1)
        self.assertEqual(unevenness({"a": 3, "b": 3}, {"a": 35, "b": 3}, 32), 2)

    def test_too_few_descriptors_mean_that_it_did_not_serve(self):
        with self.assertRaises(NotServed):
            unevenness({}, {"a": 3}, 16)


class Templates(unittest.TestCase):
    def test_names_are_filled_in(self):
        self.assertEqual(filled_in("bind 127.0.0.1:@PORT@ @LOG@", {"PORT": 7, "LOG": ""}), "bind 127.0.0.1:7 ")

    def test_a_name_without_a_value_is_an_error(self):
        with self.assertRaises(KeyError):
            filled_in("@PORT@", {})
