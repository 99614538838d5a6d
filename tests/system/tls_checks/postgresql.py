"""psql in each of its modes before Weir, PostgreSQL with and without TLS behind it."""

import re
import signal
import subprocess
import time
from pathlib import Path

from recipe_checks.testbed import Failed, as_user, wait_until

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
USER = "postgres"  # the server refuses to run as root
# psql says goodbye, upon which both sides close.
IN_ORDER = ("client_closed", "server_closed")


def check(world):
    if BIN is None:
        raise Failed("PostgreSQL is not installed")
    that = world.that
    bed = world.bed
    port = bed.ports()
    data = bed.subfolder("data", USER)
    sockets = bed.subfolder("sockets", USER)
    bed.run(BIN / "initdb", "-D", data, "-A", "trust", "-U", "app", "--no-sync", user=USER)
    bed.run("install", "-o", USER, "-m", "600", world.backend[0], data / "server.crt")
    bed.run("install", "-o", USER, "-m", "600", world.backend[1], data / "server.key")
    with open(data / "postgresql.auto.conf", "a") as file:
        file.write(
            f"port = {port}\nunix_socket_directories = '{sockets}'\nlisten_addresses = '127.0.0.1'\nfsync = off\n"
            "ssl = on\n"
        )
    bed.start("postgres", BIN / "postgres", "-D", data, user=USER, end_with=signal.SIGQUIT)
    wait_until(
        lambda: bed.run(BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port, expect=None).returncode == 0,
        "PostgreSQL is ready",
    )

    def psql(to, mode, sql="select ssl from pg_stat_ssl where pid = pg_backend_pid()", expect=0, more=""):
        return bed.run(
            BIN / "psql", "-X", "-A", "-t", "-q", "-c", sql,
            f"host=site.test hostaddr=127.0.0.1 port={to} user=app dbname=postgres sslmode={mode} "
            f"sslrootcert={world.ca} gssencmode=disable connect_timeout=10 {more}",
            expect=expect,
        )  # fmt: skip

    encrypted = ("allow", "prefer", "require", "verify-ca", "verify-full")
    # TLS ends at Weir; the backend sees none.
    weir, ending = world.proxy(port, world.listener("starttls: postgres"), name="weir-ending")
    for mode in encrypted[1:]:
        that(psql(ending, mode).stdout == "f\n", f"sslmode={mode}: TLS ends here")
        record = weir.wait_for_record("psql", lambda one: one["tls"] is not None)
        that(record["tls"]["sni"] == "site.test" and record["end"] in IN_ORDER, f"sslmode={mode}: the record", record)
    refused = psql(ending, "disable", expect=2)
    that("accepts TLS connections only" in refused.stderr, "sslmode=disable is refused with a word", refused.stderr)
    fell = psql(ending, "allow")
    that(fell.stdout == "f\n", "sslmode=allow tries again with TLS", fell.stderr)
    wrong = bed.run(
        BIN / "psql", "-X", "-c", "select 1",
        f"host=other.test hostaddr=127.0.0.1 port={ending} user=app dbname=postgres sslmode=verify-full sslrootcert={world.ca}",
        expect=2,
    )  # fmt: skip
    that("does not match host name" in wrong.stderr, "sslmode=verify-full sees another's certificate", wrong.stderr)

    # TLS ends and begins anew.
    _, both = world.proxy(
        port, world.listener("starttls: postgres"), world.upstream("starttls: postgres"), name="weir-both"
    )
    for mode in encrypted[1:]:
        that(psql(both, mode).stdout == "t\n", f"sslmode={mode}: TLS ends here and begins anew")
    # Only the backend's side.
    _, beginning = world.proxy(port, "", world.upstream("starttls: postgres"), name="weir-beginning")
    that(psql(beginning, "disable").stdout == "t\n", "sslmode=disable: TLS begins here")

    # Both ways in.
    allowing, allowed = world.proxy(port, world.listener("starttls: postgres, plaintext: allow"), name="weir-allowing")
    for mode in ("disable", *encrypted):
        that(psql(allowed, mode).stdout == "f\n", f"sslmode={mode}: where plain sessions are allowed")
    record = allowing.wait_for_record("a plain session", lambda one: not one.get("tls"))
    that(record["end"] in IN_ORDER, "the record of a plain session has no TLS", record)
    # GSSENCRequest comes first where a client has a Kerberos ticket; raw bytes are tested elsewhere.

    # libpq cancels in the clear.
    began = time.monotonic()
    sleeping = subprocess.Popen(
        as_user(
            None,
            [
                BIN / "psql", "-X", "-c", "select pg_sleep(60)",
                f"host=site.test hostaddr=127.0.0.1 port={allowed} user=app dbname=postgres sslmode=require",
            ],
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    active = "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'"
    try:
        wait_until(lambda: psql(port, "disable", active).stdout == "1\n", "the query runs")
        sleeping.send_signal(signal.SIGINT)
        _, said = sleeping.communicate(timeout=20)
    finally:
        if sleeping.poll() is None:
            sleeping.kill()
            sleeping.wait()
    that("canceling statement" in said and time.monotonic() - began < 40, "a query is cancelled", said)

    # A dump both ways, and pgbench.
    rows = "select md5(string_agg(md5(i::text), '')) from generate_series(1, 200000) i"
    that(psql(both, "verify-full", rows).stdout == psql(port, "disable", rows).stdout, "results are the same")
    big = psql(both, "verify-full", "select repeat(md5('weir'), 300000)").stdout
    that(len(big) == 9_600_001, "ten megabytes of one row", len(big))
    bed.run(BIN / "pgbench", "-i", "-q", "-h", "127.0.0.1", "-p", port, "-U", "app", "postgres")
    done = bed.run(
        BIN / "pgbench", "-n", "-c", "8", "-j", "2", "-t", "200", "-h", "127.0.0.1", "-p", both, "-U", "app", "postgres",
        env={"PGSSLMODE": "require"},
    )  # fmt: skip
    that("number of transactions actually processed: 1600/1600" in done.stdout, "pgbench", done.stdout)
    done = bed.run(
        BIN / "pgbench", "-n", "-C", "-S", "-c", "8", "-j", "2", "-t", "25", "-h", "127.0.0.1", "-p", both, "-U", "app",
        "postgres", env={"PGSSLMODE": "require"},
    )  # fmt: skip
    that(re.search(r"processed: 200/200", done.stdout) is not None, "pgbench with a connection each", done.stdout)
