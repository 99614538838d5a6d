"""sslscan and testssl.sh look at the defaults; what they find is in golden/, so that a change shows."""

import difflib
import json
import re
from pathlib import Path

from tls_checks import world as settings

FOLDER = Path(__file__).resolve().parent / "golden"
# What is about the certificate that this script makes, the clock, or this machine, and what is a score of all.
OWN = re.compile(
    r"^(cert|chain|engine|scan|clock|service|host|pre_|DNS|OCSP|intermediate|trust|issuer|secure_client|rating|grade|"
    r"overall|final|protocol_support|key_exchange|cipher_strength|clientsimulation|HTTP|HSTS|HPKP|banner|cookie|security_h|"
    r"ip|NOT_|optimal|session_id|sessionresumption|TLS_timestamp|DROWN_hint|caa|CAA)",
    re.IGNORECASE,
)
# Mozilla's intermediate configuration leaves the choice to the client, because all of its ciphers are strong and some
# clients are quicker with one of them; testssl.sh 3.0 rates that as if a weak one could be chosen.
MEANT = {"cipher_order"}


def compare(world, name, text):
    path = FOLDER / name
    if settings.GOLDEN:
        path.write_text(text)
    expected = path.read_text() if path.exists() else ""
    changes = "\n".join(difflib.unified_diff(expected.splitlines(), text.splitlines(), "golden", "found", lineterm=""))
    world.that(not changes, f"{name} is as before", changes)


def sslscan(world, port):
    done = world.bed.run(
        "sslscan", "--no-colour", "--no-check-certificate", "--no-fallback", "--sni-name=site.test", f"127.0.0.1:{port}",
        seconds=180,
    )  # fmt: skip
    told = re.compile(r"^(SSLv|TLSv|Preferred|Accepted)|vulnerable|renegotiation|compression", re.IGNORECASE)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines() if told.search(line)]
    compare(world, "sslscan.txt", "\n".join(lines) + "\n")


def testssl(world, port):
    report = world.folder / "testssl.json"
    # It has children, which end with the bed whatever happens.
    scan = world.bed.start(
        "testssl", "testssl", "--quiet", "--color", "0", "--warnings", "batch", "--openssl-timeout", "10", "--jsonfile",
        report, "--protocols", "--std", "--fs", "--server-defaults", "--server-preference", "--vulnerable",
        f"https://127.0.0.1:{port}/",
    )  # fmt: skip
    scan.wait(900)
    if not report.exists():
        world.that(False, "testssl.sh reports", world.bed.log("testssl"))
        return
    found = [one for one in json.loads(report.read_text()) if not OWN.match(one["id"])]
    above_low = ("MEDIUM", "HIGH", "CRITICAL", "FATAL")
    bad = [one for one in found if one["severity"] in above_low and one["id"] not in MEANT]
    world.that(bool(found) and not bad, "testssl.sh finds nothing above low", bad)
    lines = sorted({f"{one['id']}: {one['severity']}: {' '.join(one['finding'].split())}" for one in found})
    compare(world, "testssl.txt", "\n".join(lines) + "\n")


def check(world):
    rsa = world.certificate("site-rsa", "site.test", rsa=True)
    port = world.bed.ports()
    world.weir(
        f"listeners: [{{name: echo, bind: '127.0.0.1:{port}', echo: {{}}, "
        f"tls: {{certificates: [{world.pair()}, {world.pair(rsa)}]}}}}]\n"
    )
    sslscan(world, port)
    testssl(world, port)
