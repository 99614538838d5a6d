"""Chromium before Weir and nginx behind it: TLS ended, and passed through by name. A browser's ClientHello is of two
segments, has extensions that nobody knows (GREASE, RFC 8701) in an order drawn anew, and asks for several protocols."""

import hashlib
import sys
from pathlib import Path

from selenium.common.exceptions import WebDriverException

from tls_checks import website
from tls_checks.world import pattern

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "page"))

import chromium  # noqa: E402

MEGABYTES = 8 << 20
FETCH = """
const done = arguments[arguments.length - 1];
(async () => {
  const answers = await Promise.all(Array.from({length: 6}, (_, i) => fetch(`/big?${i}`).then(all => all.arrayBuffer())));
  const digests = await Promise.all(answers.map(bytes => crypto.subtle.digest('SHA-256', bytes)));
  return digests.map(digest => Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join(''));
})().then(done, error => done(String(error)));
"""


def start_browser(world):
    """One that trusts the check's authority, and takes every name of .test for 127.0.0.1."""
    bed = world.bed
    home = bed.subfolder("home")
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    bed.run("certutil", "-d", f"sql:{database}", "-N", "--empty-password")
    bed.run("certutil", "-d", f"sql:{database}", "-A", "-t", "C,,", "-n", "weir check", "-i", world.ca)
    browser = chromium.start(
        "--host-resolver-rules=MAP *.test 127.0.0.1", environment={"HOME": str(home), "PATH": "/usr/bin:/bin"}
    )
    bed.at_end.append(browser.quit)
    browser.set_page_load_timeout(30)
    browser.set_script_timeout(60)
    return browser


def check(world):
    that = world.that
    bed = world.bed
    plain, secure = website.serve(world, {"page.html": b"<title>ready</title>", "big": pattern(MEGABYTES)})
    port = bed.ports()
    weir = world.weir(
        f"listeners: [{{name: front, bind: '127.0.0.1:{port}', {world.listener('alpn: [http/1.1]')}, proxy: {{routes: ["
        "{names: [backend.test], tls: pass, upstream: secure}, {names: [site.test], upstream: plain}]}}]\n"
        f"upstreams: [{{name: plain, servers: [{{address: '127.0.0.1:{plain}'}}]}}, "
        f"{{name: secure, servers: [{{address: '127.0.0.1:{secure}'}}]}}]\n",
        "weir-browser",
    )
    browser = start_browser(world)
    whole = [hashlib.sha256(pattern(MEGABYTES)).hexdigest()] * 6
    for name, protocol, what in (
        ("site.test", "http/1.1", "ended before nginx"),
        ("backend.test", "h2", "passed through to nginx"),
    ):
        browser.get(f"https://{name}:{port}/page.html")
        that(browser.title == "ready", f"a page whose TLS is {what}", browser.title)
        spoken = browser.execute_script("return performance.getEntriesByType('navigation')[0].nextHopProtocol")
        that(spoken == protocol, f"… over {protocol}", spoken)
        fetched = browser.execute_async_script(FETCH)
        that(fetched == whole, "… and six files at once, byte for byte", fetched)
    try:
        browser.get(f"https://nobody.test:{port}/page.html")
        said = "it was loaded"
    except WebDriverException as error:
        said = error.msg
    that("ERR_" in said, "a name without a route is refused", said)
    weir.wait_for_record("no route", lambda one: one["end"] == "no_route")
    browser.quit()
    kept = weir.wait_for_record("ended TLS", lambda one: one["tls"] and one["tls"]["sni"] == "site.test")
    that(kept["tls"]["version"] == "TLSv1.3", "the browser spoke TLS 1.3", kept["tls"])
    # A browser that is closed sends no close_notify.
    orderly = ("client_closed", "client_truncated", "server_closed", "no_route")
    wrong = [one for one in weir.records() if one["end"] not in orderly or one["bytes_lost"]]
    that(not wrong, "every connection ended in order, and no byte was lost", wrong)
