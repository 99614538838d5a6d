#!/usr/bin/env python3
"""Tests of the pages that `weir-load report --html` writes, opened from their files in a headless Chromium.

    tests/page/report_test.py --weir-load build/release/bin/weir-load [TEST…]     WEIR_LOAD_PROGRAM may name it too

WEIR_AXE is as for page_test.py, and so are the packages.
"""

import json
import os
import re
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import report_documents  # noqa: E402
from page_test import BrowserTest  # noqa: E402

PATIENCE = 60  # seconds; only a hang takes that long
UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 6e10, "h": 3.6e12, "%": 0.01, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "": 1}
TIMES = ("ns", "µs", "ms", "s", "min", "h")


class Echo(socketserver.ThreadingTCPServer):
    """A service that sends back what it gets."""

    daemon_threads = True
    allow_reuse_address = True

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            while data := self.request.recv(65536):
                self.request.sendall(data)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def weir_load(*arguments):
    done = subprocess.run([os.environ["WEIR_LOAD_PROGRAM"], *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise AssertionError(f"weir-load {' '.join(map(str, arguments))}: {done.returncode}\n{done.stderr}")


def at(document, pointer):
    """What stands at a JSON pointer (RFC 6901)."""
    for key in pointer.split("/")[1:]:
        document = document[int(key)] if isinstance(document, list) else document[key.replace("~1", "/").replace("~0", "~")]
    return document


def is_shown(pointer, value, text):
    """Whether a text shows a value, but for its rounding."""
    parts = re.fullmatch(r"([+−±]?)([\d,]+(?:\.\d+)?)(?:\xa0(\S+))?", text)
    if not parts or (parts[3] or "") not in UNITS:
        return False
    unit, size = parts[3] or "", float(parts[2].replace(",", ""))
    shown = size * UNITS[unit] * (-1 if parts[1] == "−" else 1)
    if unit in TIMES:  # in ns, whatever the key's unit is
        value *= 1e3 if pointer.endswith("us_per_request") else 1e9 if pointer.endswith("_s") else 1
    last_digit = UNITS[unit] * 10.0 ** -len(parts[2].partition(".")[2])
    return abs(shown - value) <= 0.505 * last_digit


class ReportPage(BrowserTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.make_documents()
        cls.pages = {
            "run": cls.page("run", "run"), "connect": cls.page("connect", "connect"), "stall": cls.page("stall", "stall"),
            "hour": cls.page("hour", "hour"), "runs": cls.page("runs", "run", "stall", "other"),
            "comparison": cls.page("comparison", "comparison"), "compared runs": cls.page("compared", "other", "stall", "comparison"),
            "proxy": cls.page("proxy", "via"), "capacity": cls.page("capacity", "capacity"), "nothing came": cls.page("nothing", "nothing"),
            "old": cls.page("old", "old"), "wild": cls.page("wild", "wild"),
        }  # fmt: skip

    @classmethod
    def make_documents(cls):
        with Echo(("127.0.0.1", 0), Echo.Handler) as echo:
            target = f"127.0.0.1:{echo.server_address[1]}"
            weir_load("echo", "--quiet", "-c", 3, "-R", 300, "-d", "1500ms", "-W", "300ms", "-i", "100ms", "--json", cls.folder / "run.json", target)
            weir_load("connect", "--quiet", "-c", 2, "-n", 60, "-i", "100ms", "--json", cls.folder / "connect.json", target)
        calm, stalled, other = (report_documents.load_report(**each) for each in ({}, {"stall": True}, {"slow": 1.5, "seed": 2}))
        wild = report_documents.comparison(calm, other)
        of_max = next(each for each in wild["differences"] if each["what"] == "max")
        of_max.update(b_ns=100 * of_max["a_ns"], change=99.0, added_ns=99 * of_max["a_ns"])
        old = {"schema": 1, "program": "weir-load", "workload": "echo", "target": "<img src=x onerror=alert(1)>", "verdict": None, "intervals": None,
               "latency": {"response": None}, "errors": {"total": 1, "kinds": {"reset": 1}, "examples": ["</script><script>alert(1)</script>"]}}  # fmt: skip
        for name, document in {
            "stall": stalled, "other": other, "hour": report_documents.load_report(rate=20, seconds=3600, stall=True), "old": old,
            "nothing": report_documents.load_report(rate=0, seconds=3), "comparison": report_documents.comparison(calm, other),
            "wild": wild, "via": report_documents.comparison(calm, other, question="via"), "capacity": report_documents.capacity(),
        }.items():  # fmt: skip
            (cls.folder / f"{name}.json").write_text(json.dumps(document))

    @classmethod
    def page(cls, name, *reports):
        file = cls.folder / f"{name}.html"
        weir_load("report", *(cls.folder / f"{each}.json" for each in reports), "--html", file)
        return file

    def open_page(self, name):
        for log in ("browser", "performance"):
            self.browser.get_log(log)  # what is older belongs to another test
        self.browser.get(self.pages[name].as_uri())
        self.wait(lambda: self.script("return document.body.dataset.shown") == "yes", f"the page of {name} is drawn")

    def on_each_page(self, check):
        for name in self.pages:
            with self.subTest(page=name):
                self.open_page(name)
                check(name)

    def open_details(self):
        self.script("document.querySelectorAll('details').forEach(node => { node.open = true; })")
        self.wait(lambda: self.script("return [...document.querySelectorAll('details')].every(node => node.children.length > 1)"), "all details are filled")

    def test_every_page_is_drawn_whole_and_asks_for_nothing(self):
        def check(_):
            self.open_details()
            self.assertEqual([entry for entry in self.browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")], [])
            self.assertNotIn("could not be drawn", self.text("main"))
            asked = [event["params"]["request"]["url"] for event in self.events() if event["method"] == "Network.requestWillBeSent"]
            self.assertEqual([url for url in asked if not url.startswith(("file:", "data:"))], [])

        self.on_each_page(check)

    def test_the_figures_are_those_of_the_report(self):
        least = {"old": 1, "nothing came": 10, "capacity": 40}

        def check(page):
            self.open_details()
            document = json.loads(self.text("#document"))
            figures = self.script("return [...document.querySelectorAll('[data-value]')].map(node => [node.dataset.path, node.dataset.value, node.textContent])")
            self.assertGreaterEqual(len(figures), least.get(page, 50))
            for pointer, value, text in figures:
                wanted = at(document, pointer)
                self.assertEqual(float(value), float(wanted), pointer)
                self.assertTrue(is_shown(pointer, wanted, text), f"{pointer} is {wanted}, and the page says {text}")

        self.on_each_page(check)

    def test_charts_and_tables_say_what_they_are(self):
        def check(page):
            charts = [chart.get_attribute("aria-label") for chart in self.all("svg[role=img]")]
            self.assertEqual([label for label in charts if not label or "NaN" in label or "undefined" in label], [])
            if page not in ("old", "nothing came"):
                self.assertGreater(len(charts), 0)
            self.assertEqual(self.script("return [...document.querySelectorAll('table')].filter(table => !table.caption?.textContent).length"), 0)
            self.assertEqual(self.script("return document.querySelectorAll('th:not([scope])').length"), 0)
            drawn = self.script("return [...document.querySelectorAll('svg *')].flatMap(node => [...node.attributes]).map(each => each.value).join(' ')")
            self.assertNotRegex(drawn, "NaN|undefined|Infinity")
            self.assertNotRegex(self.script("return document.querySelector('main').innerText"), r"NaN|undefined|\[object|Infinity")

        self.on_each_page(check)

    def test_the_most_important_stands_on_top(self):
        for page, headline in {
            "stall": "SLO missed: p99=5ms", "comparison": "B is slower: p50 by 50 % (46 to 54 %).", "capacity": "10,000 requests a second",
        }.items():  # fmt: skip
            self.open_page(page)
            self.assertEqual(self.text("main > :first-child h2"), headline)
        self.assertIn("The server gave way", self.text("main > :first-child"))
        self.open_page("stall")
        self.assertIn("No reply came in the interval of 1\xa0s that ended at 6\xa0s", self.text(".attention"))
        self.open_page("comparison")
        self.assertIn("B is limited by its generator: lag p99 is 2 ms", self.text("main > :first-child .attention"))
        self.assertIn("p99=10% is exceeded", self.text("main > :first-child"))
        self.open_page("proxy")
        self.assertIn("12.3\xa0µs", self.text("main"))

    def test_hostile_text_stays_text(self):
        self.open_page("old")
        self.assertIn("<img src=x onerror=alert(1)>", self.text("h1"))
        self.assertIn("</script><script>alert(1)</script>", self.text("main"))
        self.assertEqual(self.script("return document.querySelectorAll('main img, main script').length"), 0)

    def test_a_legend_takes_curves_away_and_brings_them_back(self):
        self.open_page("runs")
        drawn = lambda: len(self.all("#main figure .plot .s3 .curve"))  # noqa: E731
        all_of_them = drawn()
        self.click(lambda: self.find(".legend li:nth-child(3) input"))
        self.wait(lambda: drawn() == all_of_them - 1, "the curve is gone")
        self.click(lambda: self.find(".legend li:nth-child(3) input"))
        self.wait(lambda: drawn() == all_of_them, "the curve is back")

    def test_what_was_met_is_told_by_its_shape(self):
        self.open_page("capacity")
        shapes = lambda kind: {node.get_attribute("d") for node in self.all(f".plot .{kind}")}  # noqa: E731
        self.assertEqual(len(shapes("met")), 1)
        self.assertEqual(len(shapes("unmet")), 1)
        self.assertNotEqual(shapes("met"), shapes("unmet"))

    def test_what_has_no_interval_does_not_press_the_others_together(self):
        self.open_page("wild")
        row = lambda what: next(each for each in self.all(".forest tbody tr") if each.find_element("css selector", "th").text.startswith(what))  # noqa: E731
        p50 = row("p50").find_element("css selector", ".draw svg svg").get_attribute("x")
        self.assertGreater(float(p50.rstrip("%")), 80)  # of the way from half as much to twice as much
        self.assertEqual(row("max").find_elements("css selector", ".draw svg svg"), [])
        self.assertIn("too few", row("max").text)

    def test_a_legend_stands_below_what_it_explains(self):
        self.open_page("stall")
        self.assertEqual(self.script("return document.querySelector('.heat-steps').closest('ul').previousElementSibling.querySelector('h3').textContent"), "Latency")

    def test_the_two_ways_of_a_proxy_are_named_once(self):
        self.open_page("proxy")
        self.assertNotIn("direct: direct", self.text("main"))
        self.assertIn("server:7000", self.text("h1"))

    def test_both_sides_are_in_sight_on_a_phone(self):
        self.emulate_width(360)
        self.open_page("comparison")
        self.assertLessEqual(self.script("const two = document.querySelector('.two'); return two.scrollWidth - two.clientWidth"), 0)

    def test_a_phone_shows_why_a_step_failed_in_a_line_or_two(self):
        self.emulate_width(360)
        self.open_page("capacity")
        reasons = self.script("return [...document.querySelectorAll('.steps td .sub')].map(node => node.getBoundingClientRect().height)")
        self.assertEqual(len(reasons), 2)
        self.assertLess(max(reasons), 70)
        self.assertIn("p50", self.script("return [...document.querySelectorAll('.steps td')].map(node => getComputedStyle(node, '::before').content).join()"))

    def test_a_phone_needs_no_sideways_scrolling(self):
        self.emulate_width(360)
        def check(_):
            self.open_details()
            self.assertLessEqual(self.script("return document.scrollingElement.scrollWidth"), 360)
            self.wait(lambda: not self.outside(360), "nothing is cut off")  # a table that is too wide becomes a region that scrolls

        self.on_each_page(check)

    def test_it_fits_on_paper(self):
        self.emulate_width(717)  # A4 with the margins that Chromium gives it
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.addCleanup(self.browser.execute_cdp_cmd, "Emulation.setEmulatedMedia", {"media": ""})
        def check(_):
            self.assertLessEqual(self.script("return document.scrollingElement.scrollWidth"), 717)
            self.assertEqual(self.script("return getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")

        self.on_each_page(check)

    def test_axe_finds_nothing_in_either_theme(self):
        def check(page):
            if page != "hour":  # whose table is so long that it takes a minute
                self.open_details()
            self.assertEqual(self.axe(), [])

        for theme in ("light", "dark"):
            with self.subTest(theme=theme):
                self.emulate_theme(theme)
                self.on_each_page(check)


if __name__ == "__main__":
    if "--weir-load" in sys.argv:
        index = sys.argv.index("--weir-load")
        os.environ["WEIR_LOAD_PROGRAM"] = str(Path(sys.argv[index + 1]).resolve())
        del sys.argv[index : index + 2]
    unittest.main()
