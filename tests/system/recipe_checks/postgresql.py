"""A primary and two replicas that follow it through Weir; psql and pgbench; the primary dies, a replica is promoted."""

import re
import signal
import socket
import struct
import threading
from pathlib import Path

from recipe_checks.testbed import Failed, stop, wait_until

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
USER = "postgres"  # the servers refuse to run as root


class Cluster:
    def __init__(self, bed, name):
        self.bed = bed
        self.name = name
        self.port = bed.ports()
        self.data = bed.subfolder(name, USER)
        self.sockets = bed.subfolder(f"{name}-sockets", USER)
        self.process = None

    def configure(self):
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.write(
                f"port = {self.port}\nunix_socket_directories = '{self.sockets}'\nlisten_addresses = '127.0.0.1'\n"
                "fsync = off\nwal_log_hints = on\nwal_keep_size = 1GB\nmin_wal_size = 5MB\n"
                "wal_retrieve_retry_interval = 500ms\n"
            )

    def start(self):
        # At the end at once: a polite end would wait for the replicas.
        self.process = self.bed.start(self.name, BIN / "postgres", "-D", self.data, user=USER, end_with=signal.SIGQUIT)
        wait_until(
            lambda: self.bed.run(
                BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", self.port, "-d", "postgres", expect=None
            ).returncode
            == 0,
            f"{self.name} is ready",
        )


def check(bed):
    if BIN is None:
        raise Failed("PostgreSQL is not installed")
    write_port, read_port = bed.ports(), bed.ports()
    clusters = [Cluster(bed, name) for name in ("pg5", "pg6", "pg7")]
    first, second, third = clusters
    ports = [cluster.port for cluster in clusters]
    that = bed.count.that

    def psql(port, sql, expect=0, user="app", **more):
        return bed.run(
            BIN / "psql",
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
            f"host=127.0.0.1 port={port} user={user} dbname=postgres password=secret",
            expect=expect,
            **more,
        )

    make_primary(bed, first)
    overrides = {"listeners.write.bind": f"127.0.0.1:{write_port}", "listeners.read.bind": f"127.0.0.1:{read_port}"}
    for upstream in ("primary", "replicas"):
        for at, port in enumerate(ports):
            overrides[f"upstreams.{upstream}.servers.{at}.address"] = f"127.0.0.1:{port}"
    weir = bed.weir("postgresql", overrides)
    that(not weir.warnings, "weir check has no warning", weir.warnings)
    weir.wait_for_states("primary", {first.port: "up", second.port: "down", third.port: "down"})

    # Replicas are made, and follow, through the port that always leads to the primary.
    for replica in (second, third):
        bed.run(
            BIN / "pg_basebackup",
            "-D",
            replica.data,
            "-R",
            "--checkpoint=fast",
            "-d",
            f"host=127.0.0.1 port={write_port} user=replicator password=secret",
            user=USER,
        )
        replica.configure()
        replica.start()
    weir.wait_for_states("replicas", {first.port: "down", second.port: "up", third.port: "up"})
    weir.wait_for_states("primary", {first.port: "up", second.port: "down", third.port: "down"})
    that(True, "each server is told from its start-up parameters: one primary, two replicas")

    that(
        psql(write_port, "select inet_server_port()").stdout == f"{first.port}\n", "the write port leads to the primary"
    )
    seen = {psql(read_port, "select inet_server_port()").stdout.strip() for _ in range(4)}
    that(seen == {str(second.port), str(third.port)}, "the read port leads to both replicas", seen)
    refused = psql(read_port, "create table t (i int)", expect=None)
    that("read-only transaction" in refused.stderr, "a replica refuses to write", refused.stderr)

    bed.run(
        BIN / "pgbench",
        "-i",
        "-q",
        "-s",
        "2",
        "-h",
        "127.0.0.1",
        "-p",
        write_port,
        "-U",
        "app",
        "postgres",
        env={"PGPASSWORD": "secret"},
    )
    done = bed.run(
        BIN / "pgbench",
        "-c",
        "20",
        "-j",
        "2",
        "-T",
        "2",
        "-h",
        "127.0.0.1",
        "-p",
        write_port,
        "-U",
        "app",
        "postgres",
        env={"PGPASSWORD": "secret"},
    )
    that(
        "number of failed transactions: 0 " in done.stdout,
        "pgbench writes through Weir without a failed transaction",
        done.stdout + done.stderr,
    )
    print(f"     {re.search('tps = .*', done.stdout).group(0)}")
    wait_until(
        lambda: psql(read_port, "select count(*) from pgbench_accounts").stdout == "200000\n", "replicas have the rows"
    )
    done = bed.run(
        BIN / "pgbench",
        "-S",
        "-n",
        "-c",
        "20",
        "-j",
        "2",
        "-T",
        "2",
        "-h",
        "127.0.0.1",
        "-p",
        read_port,
        "-U",
        "app",
        "postgres",
        env={"PGPASSWORD": "secret"},
    )
    that(
        "number of failed transactions: 0 " in done.stdout, "pgbench reads from the replicas", done.stdout + done.stderr
    )

    quiet(bed, clusters)
    full(bed, weir, write_port, first)
    failover(bed, weir, psql, write_port, clusters)
    come_back(bed, weir, psql, write_port, clusters)


def make_primary(bed, cluster):
    bed.run(BIN / "initdb", "-D", cluster.data, "-A", "peer", "-U", USER, "--no-sync", "--wal-segsize=1", user=USER)
    cluster.configure()
    # The lines of the page, for 127.0.0.1.
    (cluster.data / "pg_hba.conf").write_text(
        "local all postgres peer\n"
        "host postgres weir 127.0.0.1/32 trust\n"
        "host all all 127.0.0.1/32 scram-sha-256\n"
        "host replication replicator 127.0.0.1/32 scram-sha-256\n"
    )
    cluster.start()
    bed.run(
        BIN / "psql",
        "-X",
        "-q",
        "-h",
        cluster.sockets,
        "-p",
        cluster.port,
        "-c",
        "create role weir login",
        "-c",
        "create role replicator login replication password 'secret'",
        "-c",
        "create role app login password 'secret'",
        "-c",
        "grant create on schema public to app",
        "-c",
        "grant pg_read_all_stats to app",
        user=USER,
    )


def quiet(bed, clusters):
    complaints = [
        line
        for cluster in clusters
        for line in bed.log(cluster.name).splitlines()
        if ("FATAL" in line or "unexpected EOF" in line) and "starting up" not in line
    ]
    bed.count.that(not complaints, "the checks leave no line in PostgreSQL's log", complaints[:3])


def begin_session(port):
    """A connection as "weir" whose start-up is sent; whether it is answered shows whether it has a backend."""
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    body = b"\0\3\0\0user\0weir\0database\0postgres\0\0"
    client.sendall(struct.pack("!I", len(body) + 4) + body)
    return client


def full(bed, weir, write_port, primary):
    """As many sessions as max_connections allows, and two that wait; the server still answers the checks."""
    sessions = [begin_session(write_port) for _ in range(88)]
    for session in sessions:
        session.recv(1)
    # The replicas' own two connections are among the 90.
    wait_until(lambda: active(weir, "primary", primary.port) == 90, "the primary has 90 connections")
    waiting = [begin_session(write_port) for _ in range(2)]
    wait_until(lambda: weir.upstream("primary")["waiting"] == 2, "two clients wait")
    passed = checks(weir, primary.port)["passed"]
    wait_until(lambda: checks(weir, primary.port)["passed"] > passed, "a check passes while the primary is full")
    bed.count.that(
        weir.states("primary")[f"127.0.0.1:{primary.port}"] == "up" and weir.upstream("primary")["waiting"] == 2,
        "with max_connections used up, newcomers wait and the checks still pass",
    )
    for session in sessions:
        session.close()
    answered = all(session.recv(1) == b"R" for session in waiting)
    bed.count.that(answered, "those who waited are served as soon as others leave")
    for session in waiting:
        session.close()


def backend(weir, upstream, port):
    return next(one for one in weir.upstream(upstream)["backends"] if one["name"] == f"127.0.0.1:{port}")


def active(weir, upstream, port):
    return backend(weir, upstream, port)["active"]


def checks(weir, port):
    return backend(weir, "primary", port)["checks"]


def failover(bed, weir, psql, write_port, clusters):
    first, second, third = clusters
    that = bed.count.that
    psql(write_port, "create table kept (i int); insert into kept values (1)")
    wait_until(
        lambda: psql(
            write_port, "select count(*) from pg_stat_replication where replay_lsn = pg_current_wal_lsn()"
        ).stdout
        == "2\n",
        "both replicas have it",
    )
    session = begin_session(write_port)
    session.recv(1)
    stop(first.process, signal.SIGQUIT)  # at once, as if it had crashed
    outcome = []
    late = threading.Thread(target=lambda: outcome.append(psql(write_port, "insert into kept values (2)", expect=None)))
    late.start()
    weir.wait_for_states("primary", {first.port: "down", second.port: "down", third.port: "down"})
    wait_until(lambda: weir.upstream("primary")["waiting"] >= 1, "a client waits")
    bed.run(BIN / "pg_ctl", "promote", "-D", second.data, user=USER)
    late.join(40)
    that(
        outcome and outcome[0].returncode == 0,
        "a client that came as the primary died is served by the new one",
        outcome,
    )
    failed = [record for record in weir.records() if record["end"] in ("connect_failed", "no_backend", "queue_timeout")]
    that(not failed, "nobody was refused meanwhile", failed)
    that(any(record["end"] == "server_reset" for record in weir.records()), "who was at the old primary was reset")
    that(
        psql(write_port, "select inet_server_port()").stdout == f"{second.port}\n",
        "the write port leads to the new primary",
    )
    weir.wait_for_states("replicas", {first.port: "down", second.port: "down", third.port: "up"})
    wait_until(lambda: psql(third.port, "select count(*) from kept").stdout == "2\n", "the other replica follows it")
    that(True, "the other replica follows the new primary through Weir, without a change")


def come_back(bed, weir, psql, write_port, clusters):
    first, second, third = clusters
    that = bed.count.that
    # pg_rewind takes back what only the old primary has. Until the new primary has made a checkpoint, that of
    # PostgreSQL 15 sees no difference.
    bed.run(BIN / "psql", "-X", "-q", "-h", second.sockets, "-p", second.port, "-c", "checkpoint", user=USER)
    bed.run(
        BIN / "pg_rewind",
        "--target-pgdata",
        first.data,
        "--source-server",
        f"host={second.sockets} port={second.port} user=postgres dbname=postgres",
        user=USER,
    )
    (first.data / "standby.signal").touch()
    with open(first.data / "postgresql.auto.conf", "a") as file:
        file.write(
            f"port = {first.port}\nunix_socket_directories = '{first.sockets}'\n"
            f"primary_conninfo = 'host=127.0.0.1 port={write_port} user=replicator password=secret'\n"
        )
    first.start()
    weir.wait_for_states("replicas", {first.port: "up", second.port: "down", third.port: "up"})
    weir.wait_for_states("primary", {first.port: "down", second.port: "up", third.port: "down"})
    wait_until(lambda: psql(first.port, "select count(*) from kept").stdout == "2\n", "the old primary follows")
    that(True, "the old primary comes back as a replica")
