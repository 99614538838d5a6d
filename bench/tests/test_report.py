import unittest

from weirbench.report.document import document
from weirbench.report.results import Results
from weirbench.report.tables import row_table, targets_table
from weirbench.report.targets import targets


def ratio(value, median=10.0):
    return {"median": median, "min": median, "max": median, "ratio": {"median": value, "min": value, "max": value}}


def plain(median):
    return {"median": median, "min": median, "max": median}


def results_of(name, cells, metrics=("cpu_us",), subject="weir"):
    row = {"name": name, "title": f"all about {name}", "shows": "It shows.", "subject": subject,
           "metrics": [{"key": key, "title": key, "better": "less", "digits": 1} for key in metrics],
           "cells": [{"name": cell, "parameters": parameters, "left_out": "", "notes": [], "summary": summary}
                     for cell, parameters, summary in cells]}
    machine = {"cores": 2, "cpu": "a processor", "kernel": "Linux 6.1", "memory_gb": 8, "descriptors": 20000}
    return Results({"rows": [row], "machine": machine, "versions": {"weir": "0.1.0", "socat": None}, "rounds": 5,
                    "warmup_s": 1.0, "window_s": 3.0, "quick": False, "failures": [], "proxy_cores": [0],
                    "load_cores": [1], "started": "2026-03-02T09:00:00+00:00"})


def verdict_of(results, work):
    return next(target.verdict() for target in targets(results) if target.work.startswith(work))


class Targets(unittest.TestCase):
    def requests(self, haproxy, nginx, epoll):
        summary = {"weir": {"cpu_us": plain(10)}, "haproxy": {"cpu_us": ratio(haproxy)},
                   "nginx": {"cpu_us": ratio(nginx)}, "epoll": {"cpu_us": ratio(epoll)}}
        return results_of("requests", [("64 × 64 B", {"connections": 64, "length": "64"}, summary)])

    def test_requests_are_held_against_every_peer(self):
        self.assertEqual(verdict_of(self.requests(0.9, 0.95, 1.04), "64 B requests, CPU"), "goal")
        self.assertEqual(verdict_of(self.requests(0.9, 0.95, 1.12), "64 B requests, CPU"), "must")
        self.assertEqual(verdict_of(self.requests(0.9, 1.0, 1.04), "64 B requests, CPU"), "missed")
        self.assertEqual(verdict_of(self.requests(0.9, 0.9, 1.16), "64 B requests, CPU"), "missed")

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        self.assertEqual(verdict_of(self.requests(0.9, 0.9, 1.0), "bulk, CPU"), "not measured")

    def test_churn_is_held_against_the_better_of_two(self):
        def churn(haproxy, nginx):
            return results_of("churn", [("closed by FIN", {}, {"haproxy": {"cpu_us": ratio(haproxy)},
                                                               "nginx": {"cpu_us": ratio(nginx)}})])
        self.assertEqual(verdict_of(churn(0.8, 0.99), "connection churn"), "goal")
        self.assertEqual(verdict_of(churn(0.8, 1.04), "connection churn"), "must")
        self.assertEqual(verdict_of(churn(1.06, 0.8), "connection churn"), "missed")

    def test_memory_is_held_against_bytes_and_must_be_given_back(self):
        def idle(fresh, after):
            figures = {"weir": {"fresh": plain(fresh), "after_bulk": plain(after)}}
            return results_of("idle-memory", [("4000 through a proxy", {"kind": "proxy"}, figures)])
        self.assertEqual(verdict_of(idle(999, 999), "idle proxied"), "goal")
        self.assertEqual(verdict_of(idle(1700, 1700), "idle proxied"), "must")
        self.assertEqual(verdict_of(idle(1701, 1701), "idle proxied"), "missed")
        self.assertEqual(verdict_of(idle(1000, 1020), "idle connection after"), "goal")
        self.assertEqual(verdict_of(idle(1000, 1300), "idle connection after"), "missed")

    def test_growth_is_held_against_haproxys(self):
        def growth(weir, haproxy):
            return results_of("growth", [
                ("64", {"connections": 64}, {"weir": {"cpu_us": plain(10)}, "haproxy": {"cpu_us": plain(10)}}),
                ("8000", {"connections": 8000},
                 {"weir": {"cpu_us": plain(weir)}, "haproxy": {"cpu_us": plain(haproxy)}})])
        self.assertEqual(verdict_of(growth(15, 20), "cost as"), "goal")
        self.assertEqual(verdict_of(growth(21, 20), "cost as"), "missed")

    def test_two_workers_are_held_against_one(self):
        results = results_of("workers", [("64 × 64 B", {}, {"weir-1": {"cpu_us": ratio(1.05)}})], subject="weir-2")
        self.assertEqual(verdict_of(results, "two workers"), "must")

    def test_more_is_better_for_the_client(self):
        def client(value):
            return results_of("client", [("64 × 64 B", {}, {"epoll": {"per_cpu_s": ratio(value)}})], ("per_cpu_s",))
        self.assertEqual(verdict_of(client(0.96), "weir-load"), "goal")
        self.assertEqual(verdict_of(client(0.84), "weir-load"), "missed")

    def test_a_missed_figure_is_named_with_its_bound(self):
        table = targets_table(self.requests(0.9, 1.02, 1.0))
        self.assertIn("**missed**", table)
        self.assertIn("64 × 64 B: nginx 1.02, not < 1", table)


class Document(unittest.TestCase):
    RESULTS = results_of("echo", [("64 × 64 B", {"connections": 64}, {"weir": {"cpu_us": plain(5)},
                                                                      "gevent": {"cpu_us": ratio(0.4)}})])

    def test_a_table_has_a_line_for_each_peer(self):
        table = row_table(self.RESULTS.row("echo"))
        self.assertIn("| 64 × 64 B | **weir** | 5.0 |", table)
        self.assertIn("|  | gevent | 10.0 · 0.40 (0.40–0.40) |", table)

    def test_placeholders_are_filled_in(self):
        text = document("@date@: @machine@; @versions@\n@chart:echo@\n@table:bulk@\n", self.RESULTS, {"echo"})
        self.assertIn("2026-03-02: 2 cores of a processor, 8 GB of memory, Linux 6.1", text)
        self.assertIn("Weir 0.1.0\n", text)
        self.assertIn("(performance/echo.svg)", text)
        self.assertIn("Not measured in this run.", text)
