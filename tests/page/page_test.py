#!/usr/bin/env python3
"""Tests of the status page in a headless Chromium, driven through its debugging interface.

    tests/page/page_test.py                                       against the mock
    tests/page/page_test.py --weir build/release/bin/weir [TEST…]  against the daemon, which WEIR_PAGE_PROGRAM may name too

WEIR_AXE names axe.min.js of axe-core, which judges accessibility; without it those tests are left out.
Needs Debian's chromium, chromium-driver and python3-selenium.
"""

import json
import os
import re
import sys
import unittest
from pathlib import Path

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import chromium  # noqa: E402
from mock_daemon import PAGE  # noqa: E402
from worlds import PATIENCE, MockWorld, make_world, wait_until  # noqa: E402

FAILURES = Path("build/page/failures")


def start_browser():
    logs = {"goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
    return chromium.start("--window-size=1300,1000", capabilities=logs)


class PageText(unittest.TestCase):
    """What its Content-Security-Policy asks of the page, and cannot say itself."""

    def test_everything_stands_in_the_page_once(self):
        page = PAGE.read_text()
        self.assertEqual(re.findall(r"<(style|script)\b[^>]*>", page), ["style", "script"])
        markup = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
        self.assertEqual(re.findall(r"\s(?:style|on\w+)=", markup), [])
        addresses = set(re.findall(r"\w+://[\w./-]+", page))
        self.assertEqual(addresses, {"http://www.w3.org/2000/svg"})  # a name of XML, which nobody loads

    def test_no_text_becomes_markup(self):
        script = re.search(r"<script>(.*)</script>", PAGE.read_text(), re.DOTALL)[1]
        self.assertEqual(re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script), [])


class BrowserTest(unittest.TestCase):
    """A browser for the class, and the words in which its tests are written."""

    world = None

    @classmethod
    def setUpClass(cls):
        cls.browser = start_browser()
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        self.emulate_theme("light")
        self.emulate_width(1300)

    def visit(self, world):
        self.world = world
        self.addCleanup(world.close)
        self.browser.get(world.url)

    def open(self):
        for log in ("browser", "performance"):
            self.browser.get_log(log)  # what is older belongs to another test
        self.browser.get(self.world.url)
        self.script("performance.setResourceTimingBufferSize(100000)")  # wait_for_updates() counts in it
        self.wait(lambda: "Ready" in self.text("#readiness"), "the page shows the daemon")

    def emulate_theme(self, theme):
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def emulate_width(self, width):
        metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """Also of what is out of sight or not there (yet)."""
        return self.browser.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def script(self, code, *arguments):
        return self.browser.execute_script(code, *arguments)

    def wait(self, condition, what):
        try:
            passing = [StaleElementReferenceException, NoSuchElementException, ElementClickInterceptedException]
            waiting = WebDriverWait(self.browser, PATIENCE, 0.05, passing)
            return waiting.until(lambda _: condition())
        except TimeoutException:
            FAILURES.mkdir(parents=True, exist_ok=True)
            self.browser.save_screenshot(str(FAILURES / f"{self._testMethodName}.png"))
            self.fail(f"waited {PATIENCE} s in vain until {what}; {FAILURES} has a picture")

    def wait_for_updates(self, number):
        """Until the page has asked for the status so many times more."""
        count = "return performance.getEntriesByType('resource').filter(each => each.name.endsWith('/status')).length"
        enough = self.script(count) + number
        self.wait(lambda: self.script(count) >= enough, f"the page has updated {number} times")

    def state(self, backend):
        return self.text(f'tr[data-key="{backend}"] .state')

    def show(self, identifier):
        self.script("document.getElementById(arguments[0]).scrollIntoView()", identifier)

    def click(self, find):
        """Clicks what `find()` finds, as soon as nothing covers it: the page grows and moves while it fills itself."""

        def try_it():
            found = find()
            self.script("arguments[0].scrollIntoView({block: 'center'})", found)
            found.click()
            return True

        self.wait(try_it, "there is something to click")

    def press(self, find):
        self.click(find)
        self.wait(self.dialog_is_open, "the dialog opens")

    def press_backend(self, backend):
        self.press(lambda: self.find(f'tr[data-key="{backend}"] button'))

    def agree(self):
        self.click(lambda: self.find("#ask-go"))

    def dialog_is_open(self):
        return self.script("return document.getElementById('ask').open")

    def outside(self, width):
        """What is cut off at the right. What is wider may scroll within its region, which the keyboard reaches."""
        return self.script(
            """return [...document.querySelectorAll('main *')].filter(node => {
                const region = node.closest('.scroll[tabindex]');
                return node.getBoundingClientRect().right > arguments[0] + 1
                    && !(region && getComputedStyle(region).overflowX === 'auto');
            }).map(node => node.outerHTML.slice(0, 120))""",
            width,
        )

    def axe(self):
        source = os.environ.get("WEIR_AXE")
        if not source:
            print("axe-core is not there (WEIR_AXE): accessibility is not judged", file=sys.stderr)
            self.skipTest("WEIR_AXE names no axe.min.js")
        # Chromium's debugging interface is not subject to the page's policy.
        self.script(Path(source).read_text())
        # A frame or two first: what the page does once something has another size is done in the next one.
        run = """const done = arguments[0], frame = next => requestAnimationFrame(() => requestAnimationFrame(next));
                 frame(() => axe.run().then(result => done(result.violations)));"""
        found = []
        for _ in range(3):  # it sees something amiss where the page changes between two of its steps
            found = [(each["id"], each["impact"], [node["target"] for node in each["nodes"]]) for each in self.browser.execute_async_script(run)]
            if not found:
                break
        return found

    def events(self):
        return [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]


class Page(BrowserTest):
    def setUp(self):
        super().setUp()
        self.visit(make_world())
        self.open()

    # ---- the page and what it asks for

    def test_it_needs_nothing_from_elsewhere_and_says_no_error(self):
        for identifier in ("connections", "records", "config"):
            self.show(identifier)
            self.wait_for_updates(1)
        self.click(lambda: self.find("#config summary"))
        self.wait(lambda: "workers" in self.text("#config-text"), "the configuration is shown")
        self.assertEqual([entry for entry in self.browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")], [])
        asked = [event["params"]["request"]["url"] for event in self.events() if event["method"] == "Network.requestWillBeSent"]
        self.assertGreater(len(asked), 3)
        self.assertEqual([url for url in asked if not url.startswith((self.world.url, "data:"))], [])

    def test_no_two_requests_of_a_kind_are_under_way(self):
        conditions = {"offline": False, "latency": 1500, "downloadThroughput": -1, "uploadThroughput": -1}
        self.browser.execute_cdp_cmd("Network.enable", {})
        self.browser.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)
        self.addCleanup(self.browser.execute_cdp_cmd, "Network.emulateNetworkConditions", {**conditions, "latency": 0})
        self.show("connections")
        self.events()
        for _ in range(4):
            self.click(lambda: self.find("#slow"))  # asks for the connections at once
        self.wait_for_updates(2)
        under_way, most = {}, 0
        for event in self.events():
            identifier = event["params"].get("requestId")
            if event["method"] == "Network.requestWillBeSent":
                under_way[identifier] = event["params"]["request"]["url"].partition("?")[0]
                most = max(most, max(list(under_way.values()).count(url) for url in under_way.values()))
            elif event["method"] in ("Network.loadingFinished", "Network.loadingFailed"):
                under_way.pop(identifier, None)
        self.assertEqual(most, 1)

    def test_updates_leave_focus_text_and_dialog_alone(self):
        self.find("#filter").send_keys(self.world.upstream)
        self.wait_for_updates(3)
        self.assertEqual(self.script("return document.activeElement.id"), "filter")
        self.assertEqual(self.find("#filter").get_attribute("value"), self.world.upstream)
        self.press_backend(self.world.backends[0])
        self.wait_for_updates(3)
        self.assertTrue(self.dialog_is_open())
        self.assertEqual(self.script("return document.activeElement.id"), "ask-cancel")

    # ---- what it shows

    def test_a_backend_that_dies_is_shown_as_down(self):
        backend = self.world.backends[0]
        self.wait(lambda: self.state(backend) == "up", "the backend is shown as up")
        self.world.break_backend(backend)
        wait_until(lambda: self.world.state_of(backend) != "up", "the daemon has noticed")
        self.wait(lambda: self.state(backend) == "down", "the backend is shown as down")
        self.wait(lambda: f"{backend} is down" in self.text("#attention"), "the page draws attention to it")

    def test_an_upstream_without_a_backend_leaps_to_the_eye(self):
        for backend in self.world.backends:
            self.world.break_backend(backend)
        alarm = f"Upstream {self.world.upstream} has no backend up"
        self.wait(lambda: alarm in self.text("#attention .tone-bad"), "the page says that no backend is up")
        self.wait(lambda: alarm in self.browser.title, "the title says so too")

    def test_failed_records_are_marked(self):
        self.world.fail_a_connection()
        self.show("records")
        self.click(lambda: self.find("#records-failed"))
        rows = "#records tbody tr"
        self.wait(lambda: self.all(rows) and len(self.all(rows)) == len(self.all(f"{rows}.bad")), "failed records alone are shown, marked")
        self.assertIn("(failed)", self.text(rows))

    def test_the_past_is_there_at_once(self):
        self.wait(lambda: self.all("#charts svg[role=img]"), "there are charts")
        labels = [chart.get_attribute("aria-label") for chart in self.all("#charts svg[role=img]")]
        self.assertRegex(labels[0], r"^\S+ new connections a second now, at most \S+ in the last 15 minutes$")

    def test_a_slow_side_is_marked(self):
        self.world.open_slow_connection()
        self.show("connections")
        self.wait(lambda: self.all("#connections tbody tr.warn"), "a connection is marked")
        # An echo that cannot send what it has read reads no more, so it may be the one for which more is kept.
        self.assertRegex(self.text("#connections tbody tr.warn"), "slow (client|backend)")

    def test_it_says_that_the_daemon_is_unreachable_and_recovers(self):
        self.world.stop()
        self.wait(lambda: "Can’t reach the daemon since" in self.text("#notice"), "the page says that it can't reach the daemon")
        self.assertIn("stale", self.find("body").get_attribute("class"))
        self.world.start_again()
        self.wait(lambda: self.text("#notice") == "", "the page has recovered")
        self.wait(lambda: "The daemon restarted at" in self.text("#attention"), "the page says that the daemon was restarted")
        self.assertNotIn("stale", self.find("body").get_attribute("class"))

    # ---- what it does

    def test_a_backend_is_drained_and_enabled_through_the_dialog(self):
        backend = self.world.backends[0]
        self.press_backend(backend)
        self.agree()
        self.wait(lambda: self.state(backend) == "drained", "the backend is shown as drained")
        self.assertEqual(self.world.state_of(backend), "drained")
        self.wait(lambda: f"{backend} is drained" in self.text("#said"), "the result is read out")
        self.press_backend(backend)
        self.agree()
        self.wait(lambda: self.state(backend) == "up", "the backend is shown as up again")

    def test_a_listener_is_drained_and_enabled_through_the_dialog(self):
        row = f'#listeners tr[data-key="{self.world.listener}"]'
        shown = lambda: self.text(f"{row} td")  # noqa: E731
        button = lambda: self.find(f"{row} button")  # noqa: E731
        self.press(button)
        self.agree()
        self.wait(lambda: shown() == "drained", "the listener is shown as drained")
        self.wait(lambda: f"Listener {self.world.listener} is drained" in self.text("#said"), "the result is read out")
        self.assertIn(f"Listener {self.world.listener} is drained", self.text("#attention"))
        self.press(button)
        self.agree()
        self.wait(lambda: shown() not in ("drained", "closed"), "the listener has addresses again")

    def test_faults_are_announced_and_cleared_through_the_dialog(self):
        self.world.set_fault()
        banner = f"1 fault is on at listener {self.world.listener}, set on purpose, until "
        self.wait(lambda: banner in self.text("#attention"), "the page says that a fault is on")
        self.press(lambda: self.find("#attention button"))
        self.agree()
        self.wait(lambda: f"The faults of listener {self.world.listener} are off" in self.text("#said"), "the result is read out")
        self.wait(lambda: banner not in self.text("#attention"), "the banner has gone")

    def test_escape_changes_nothing(self):
        backend = self.world.backends[0]
        self.press_backend(backend)
        ActionChains(self.browser).send_keys(Keys.ESCAPE).perform()
        self.wait(lambda: not self.dialog_is_open(), "the dialog closes")
        focused = f"Drain backend {backend} of {self.world.upstream}"
        self.wait(lambda: self.script("return document.activeElement.ariaLabel") == focused, "the focus is back")
        self.wait_for_updates(2)
        self.assertEqual(self.world.state_of(backend), "up")

    def test_a_live_connection_is_killed(self):
        client, is_over = self.world.open_connection()
        self.show("connections")
        row = f"//*[@id='connections']//tr[th[contains(., '{client}')]]"
        self.wait(lambda: self.browser.find_elements(By.XPATH, row), "the connection is shown")
        self.press(lambda: self.browser.find_element(By.XPATH, f"{row}//button"))
        self.agree()
        self.wait(lambda: "was killed" in self.text("#said"), "the page says that it was killed")
        wait_until(is_over, "the connection is over")

    def test_the_keyboard_alone_can_drain_a_backend(self):
        backend = self.world.backends[1]
        wanted = f"Drain backend {backend} of {self.world.upstream}"
        focused = "return document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"
        keys = lambda *each: ActionChains(self.browser).send_keys(*each).perform()  # noqa: E731
        self.wait(lambda: self.state(backend) == "up", "the backend is shown as up")
        keys(Keys.TAB)
        self.assertEqual(self.script(focused), "Skip to the content")
        for _ in range(60):
            if self.script(focused) == wanted:
                break
            keys(Keys.TAB)
        self.assertEqual(self.script(focused), wanted)
        self.assertEqual(self.script("return getComputedStyle(document.activeElement).outlineStyle"), "solid")
        keys(Keys.ENTER)
        self.wait(lambda: self.script(focused) == "Cancel", "the dialog has the focus")
        keys(Keys.TAB, Keys.ENTER)
        self.wait(lambda: self.state(backend) == "drained", "the backend is shown as drained")
        self.wait(lambda: self.script(focused) == f"Enable backend {backend} of {self.world.upstream}", "the focus is back")

    # ---- for everybody

    def test_a_phone_needs_no_sideways_scrolling(self):
        for width in (360, 390):
            self.emulate_width(width)
            self.open()
            for identifier in ("connections", "records", "config"):
                self.show(identifier)
                self.wait_for_updates(1)
            self.assertLessEqual(self.script("return document.scrollingElement.scrollWidth"), width)
            self.assertEqual(self.outside(width), [])

    def test_axe_finds_nothing_in_either_theme(self):
        for theme in ("light", "dark"):
            with self.subTest(theme=theme):
                self.emulate_theme(theme)
                self.open()
                self.wait(lambda: self.all("#charts svg[role=img]"), "there are charts")
                self.show("connections")
                self.wait_for_updates(2)
                self.assertEqual(self.axe(), [])

    def test_axe_finds_nothing_in_a_dialog_a_result_and_a_stale_page(self):
        self.press_backend(self.world.backends[0])
        self.assertEqual(self.axe(), [])
        self.agree()
        self.wait(lambda: self.find("#result").is_displayed(), "there is a result")
        self.assertEqual(self.axe(), [])
        self.world.stop()
        self.wait(lambda: self.text("#notice") != "", "the page is stale")
        self.assertEqual(self.axe(), [])


class PageInRareStates(BrowserTest):
    """What the mock alone can be."""

    def setUp(self):
        if os.environ.get("WEIR_PAGE_PROGRAM"):
            self.skipTest("the daemon is not brought into these states")
        super().setUp()

    def test_a_token_is_asked_for_and_sent(self):
        self.visit(MockWorld("--token", "secret", "--past", "0"))
        self.wait(lambda: self.find("#token").is_displayed(), "the page asks for the token")
        self.find("#token-value").send_keys("wrong", Keys.ENTER)
        self.wait(lambda: "did not accept" in self.text("#token-note"), "the page says that the token is wrong")
        self.wait(lambda: self.find("#token").is_displayed(), "the page asks again")
        self.find("#token-value").send_keys("secret", Keys.ENTER)
        self.wait(lambda: "Ready" in self.text("#readiness"), "the page shows the daemon")
        self.assertFalse(self.find("#token").is_displayed())
        self.assertEqual(self.text("#notice"), "")

    def test_a_drain_leaps_to_the_eye(self):
        self.visit(MockWorld("--past", "0"))
        self.open()
        self.world.request("api/v1/drain", "POST")
        self.wait(lambda: self.text("#readiness") == "Draining", "the page says that the daemon drains")
        self.assertIn("The daemon is draining", self.text("#attention"))

    def test_a_daemon_that_has_nothing_to_show_says_so(self):
        self.visit(MockWorld("--scene", "empty", "--past", "0"))
        self.open()
        self.assertIn("Nothing needs attention", self.text("#attention"))
        self.assertTrue(self.find("#no-upstreams").is_displayed())
        self.assertIn("No connection has ended yet", self.text("#ends"))


if __name__ == "__main__":
    if "--weir" in sys.argv:
        at = sys.argv.index("--weir")
        os.environ["WEIR_PAGE_PROGRAM"] = str(Path(sys.argv[at + 1]).resolve())
        del sys.argv[at : at + 2]
    unittest.main()
