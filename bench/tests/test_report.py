import unittest

from weirbench.report import needed
from weirbench.report.document import document
from weirbench.report.results import Results
from weirbench.report.tables import row_table, targets_table
from weirbench.report.targets import targets
from weirbench.rows import ROWS


def ratio(value, median=10.0):
    return {"median": median, "min": median, "max": median, "ratio": {"median": value, "min": value, "max": value}}


def plain(median):
    return {"median": median, "min": median, "max": median}


def results_of(name, cells, metrics=("cpu_us",), subject="weir"):
    """Of one row; a cell is (name, parameters, summary), with its rounds behind if they matter."""
    row = {"name": name, "title": f"all about {name}", "shows": "It shows.", "subject": subject,
           "metrics": [{"key": key, "title": key, "better": "less", "digits": 1} for key in metrics],
           "cells": [{"name": cell, "parameters": parameters, "left_out": "", "notes": [], "summary": summary,
                      "rounds": rounds[0] if rounds else {}} for cell, parameters, summary, *rounds in cells]}
    machine = {"cores": 2, "cpu": "a processor", "kernel": "Linux 6.1", "memory_gb": 8, "descriptors": 20000}
    return Results({"rows": [row], "machine": machine, "versions": {"weir": "0.1.0", "socat": None}, "rounds": 5,
                    "warmup_s": 1.0, "window_s": 3.0, "quick": False, "failures": [], "proxy_cores": [0],
                    "load_cores": [1], "started": "2026-03-02T09:00:00+00:00"})


def all_cells(cells, *more):
    """Every cell that a target needs, each with the same summary and rounds."""
    return [(cell.name, dict(cell.parameters), *more) for cell in cells]


def target_of(results, work):
    return next(target for target in targets(results) if target.work.startswith(work))


def verdict_of(results, work):
    return target_of(results, work).verdict()


class FullRun:
    """A setting in which nothing is left out."""

    quick = False
    window = 3.0
    all_cores = proxy_cores = frozenset({0, 1})
    missing = {}

    def few(self, full, _quick):
        return full

    def lacks_descriptors(self, *_, **__):
        return ""


class Targets(unittest.TestCase):
    def requests(self, haproxy, nginx, epoll):
        summary = {"weir": {"cpu_us": plain(10)}, "haproxy": {"cpu_us": ratio(haproxy)},
                   "nginx": {"cpu_us": ratio(nginx)}, "epoll": {"cpu_us": ratio(epoll)}}
        return results_of("requests", all_cells(needed.REQUESTS, summary))

    def test_a_full_run_has_every_cell_that_a_target_needs(self):
        had = {row.name: row.cells(FullRun()) for row in ROWS if row.name != "tools"}
        for cell in needed.ALL:
            with self.subTest(cell.row, cell=cell.name):
                names = [one.name for one in had[cell.row] if cell.parameters_hold(one.parameters)]
                self.assertEqual(names, [cell.name])

    def test_requests_are_held_against_every_peer(self):
        self.assertEqual(verdict_of(self.requests(0.9, 0.95, 1.04), "64 B requests, CPU"), "goal")
        self.assertEqual(verdict_of(self.requests(0.9, 0.95, 1.12), "64 B requests, CPU"), "must")
        self.assertEqual(verdict_of(self.requests(0.9, 1.0, 1.04), "64 B requests, CPU"), "missed")
        self.assertEqual(verdict_of(self.requests(0.9, 0.9, 1.16), "64 B requests, CPU"), "missed")

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        self.assertEqual(verdict_of(self.requests(0.9, 0.9, 1.0), "bulk, CPU"), "not measured")

    def test_nothing_is_reached_while_a_cell_is_missing(self):
        results = self.requests(0.9, 0.95, 1.04)
        results.row("requests")["cells"][3]["summary"] = {}
        self.assertEqual(verdict_of(results, "64 B requests, CPU"), "partly measured")
        self.assertIn("- 64 B requests, CPU per request: 8000 × 64 B (requests)", targets_table(results))

    def test_nothing_is_reached_while_a_peer_is_missing(self):
        results = self.requests(0.9, 0.95, 1.04)
        for cell in results.row("requests")["cells"][:1]:
            cell["summary"] = {peer: figures for peer, figures in cell["summary"].items() if peer != "nginx"}
        self.assertEqual(verdict_of(results, "64 B requests, CPU"), "partly measured")
        self.assertIn("- 64 B requests, CPU per request: 1 × 64 B: nginx", targets_table(results))

    def test_what_misses_is_missed_whatever_else_is_missing(self):
        results = self.requests(0.9, 1.02, 1.04)
        results.row("requests")["cells"][3]["summary"] = {}
        self.assertEqual(verdict_of(results, "64 B requests, CPU"), "missed")
        self.assertIn("| **missed**, partly measured |", targets_table(results))

    def test_churn_is_held_against_the_better_of_two(self):
        def churn(haproxy, nginx):
            return results_of("churn", all_cells(needed.CHURN, {"haproxy": {"cpu_us": ratio(haproxy)},
                                                                "nginx": {"cpu_us": ratio(nginx)}}))
        self.assertEqual(verdict_of(churn(0.8, 0.99), "connection churn"), "goal")
        self.assertEqual(verdict_of(churn(0.8, 1.04), "connection churn"), "must")
        self.assertEqual(verdict_of(churn(1.06, 0.8), "connection churn"), "missed")

    def test_memory_is_held_against_bytes_and_must_be_given_back(self):
        def idle(fresh, after):
            figures = {"weir": {"fresh": plain(fresh), "after_bulk": plain(after)}}
            rounds = {"weir": [{"fresh": fresh, "after_bulk": after}]}
            return results_of("idle-memory", all_cells(needed.IDLE_PROXIED + needed.IDLE_ECHO, figures, rounds))
        self.assertEqual(verdict_of(idle(999, 999), "idle proxied"), "goal")
        self.assertEqual(verdict_of(idle(1700, 1700), "idle proxied"), "must")
        self.assertEqual(verdict_of(idle(1701, 1701), "idle proxied"), "missed")
        self.assertEqual(verdict_of(idle(1000, 1020), "idle connection after"), "goal")
        self.assertEqual(verdict_of(idle(1000, 1300), "idle connection after"), "missed")

    def test_memory_is_given_back_round_by_round(self):
        rounds = {"weir": [{"fresh": 1000, "after_bulk": 1000}, None, {"fresh": 1500, "after_bulk": 1500},
                           {"fresh": 1000, "after_bulk": 1500}]}
        figures = {"weir": {"fresh": plain(1000), "after_bulk": plain(1500)}}
        results = results_of("idle-memory", all_cells(needed.IDLE_PROXIED + needed.IDLE_ECHO, figures, rounds))
        self.assertEqual(verdict_of(results, "idle connection after"), "goal")

    def test_growth_is_held_against_haproxys_in_the_same_round(self):
        def growth(few, many):
            return results_of("growth", [
                (cell.name, dict(cell.parameters), {"weir": {"cpu_us": plain(10)}, "haproxy": {"cpu_us": ratio(value)}})
                for cell, value in ((needed.FEW, few), (needed.MANY, many))])
        self.assertEqual(verdict_of(growth(0.9, 0.8), "cost as"), "goal")
        self.assertEqual(verdict_of(growth(0.8, 0.9), "cost as"), "missed")

    def test_growth_takes_both_ends(self):
        few = [(needed.FEW.name, dict(needed.FEW.parameters), {"haproxy": {"cpu_us": ratio(0.9)}})]
        target = target_of(results_of("growth", few), "cost as")
        self.assertEqual((target.verdict(), target.missing), ("partly measured", ["8000 × 64 B (growth)"]))

    def test_two_workers_are_held_against_one(self):
        results = results_of("workers", all_cells(needed.WORKERS, {"weir-1": {"cpu_us": ratio(1.05)}}),
                             subject="weir-2")
        self.assertEqual(verdict_of(results, "two workers"), "must")

    def test_more_is_better_for_the_client(self):
        def client(value):
            return results_of("client", all_cells(needed.CLIENT, {"epoll": {"per_cpu_s": ratio(value)}}),
                              ("per_cpu_s",))
        self.assertEqual(verdict_of(client(0.96), "weir-load"), "goal")
        self.assertEqual(verdict_of(client(0.84), "weir-load"), "missed")

    def test_many_servers_are_held_against_one(self):
        def upstreams(value):
            summary = {"weir-1": {"cpu_us": plain(60)}} | {
                f"weir-{servers}": {"cpu_us": ratio(value)} for servers in (10, 100, 1000)}
            return results_of("upstreams", all_cells(needed.UPSTREAMS, summary))
        self.assertEqual(verdict_of(upstreams(1.05), "a connection to one of"), "goal")
        self.assertEqual(verdict_of(upstreams(1.06), "a connection to one of"), "missed")

    def test_a_missed_figure_is_named_with_its_bound(self):
        table = targets_table(self.requests(0.9, 1.02, 1.0))
        self.assertIn("**missed**", table)
        self.assertIn("64 × 64 B: nginx 1.02, not < 1", table)

    def test_a_missed_figure_never_looks_as_if_it_held(self):
        summary = {"haproxy": {"cpu_s": ratio(0.353)}, "nginx": {"cpu_s": ratio(0.2)}}
        table = targets_table(results_of("bulk", all_cells(needed.BULK, summary), ("cpu_s",)))
        self.assertIn("1 stream to the server: haproxy 0.353, not ≤ 0.35", table)
        self.assertIn("8 streams both ways: haproxy 0.353, not ≤ 0.35", table)


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

    def test_a_table_says_how_many_rounds_there_were(self):
        def rounds(**rounds):
            summary = {peer: {"cpu_us": plain(5)} for peer in rounds}
            return row_table(results_of("echo", [("64 × 64 B", {}, summary, rounds)]).row("echo"))
        self.assertIn("\n\n3 rounds.", rounds(weir=[{"cpu_us": 5}] * 3, epoll=[{"cpu_us": 5}] * 3))
        self.assertIn("\n\n2 to 3 rounds.", rounds(weir=[{"cpu_us": 5}] * 3, epoll=[{"cpu_us": 5}, None] * 2))

    def test_the_notes_of_cells_stand_below_the_table_once(self):
        results = results_of("echo", [("64 × 64 B", {}, {}), ("1 × 64 B", {}, {})])
        for cell in results.row("echo")["cells"]:
            cell["notes"].append("gevent left out:\nit is not installed")
        self.assertEqual(row_table(results.row("echo")).count("\n- gevent left out: it is not installed"), 1)

    def test_a_row_without_cells_says_why(self):
        row = results_of("workers", []).row("workers")
        self.assertNotIn("|", row_table(row))
        self.assertIn("Left out: it needs two cores.", row_table(row | {"left_out": "it needs two cores"}))

    def test_the_pinning_names_its_exceptions(self):
        text = document("@pinning@", self.RESULTS, {})
        self.assertIn("what is measured on core 0, clients and backends on core 1", text)
        self.assertIn("*Workers* and *Balance* a proxy may use cores 0, 1", text)
