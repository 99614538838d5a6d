"""A master and a replica; redis-cli and redis-benchmark; the master dies and the replica takes its place."""

import signal
import time

from recipe_checks.testbed import accepts, stop, wait_until

USER = "redis"


class Server:
    def __init__(self, bed, name):
        self.bed = bed
        self.name = name
        self.port = bed.ports()
        self.folder = bed.subfolder(name, USER)
        self.config = bed.folder / f"{name}.conf"
        # The users are those of the page.
        self.config.write_text(
            f"""\
port {self.port}
bind 127.0.0.1
dir {self.folder}
save ""
repl-diskless-sync-delay 0
masteruser replica
masterauth follow
user default on >secret ~* &* +@all
user weir on >check-only -@all +info
user replica on >follow -@all +psync +replconf +ping
"""
        )

    def start(self, *more):
        self.process = self.bed.start(self.name, "redis-server", self.config, *more, user=USER)
        wait_until(lambda: accepts(self.port), f"{self.name} accepts")


def check(bed):
    that = bed.count.that
    write_port, read_port = bed.ports(), bed.ports()
    first, second = Server(bed, "redis5"), Server(bed, "redis6")
    first.start()
    second.start("--replicaof", f"127.0.0.1 {first.port}")

    overrides = {"listeners.write.bind": f"127.0.0.1:{write_port}", "listeners.read.bind": f"127.0.0.1:{read_port}"}
    for upstream in ("master", "replicas"):
        for at, server in enumerate((first, second)):
            overrides[f"upstreams.{upstream}.servers.{at}.address"] = f"127.0.0.1:{server.port}"
    weir = bed.weir("redis", overrides)
    that(not weir.warnings, "weir check has no warning", weir.warnings)

    def cli(port, *command):
        return bed.run("redis-cli", "-p", port, "--no-auth-warning", "-a", "secret", *command).stdout.strip()

    weir.wait_for_states("master", {first.port: "up", second.port: "down"})
    weir.wait_for_states("replicas", {first.port: "down", second.port: "up"})
    that(True, "the check tells the master from its replica")

    that(cli(write_port, "set", "k", "v") == "OK", "redis-cli writes through Weir")
    wait_until(lambda: cli(read_port, "get", "k") == "v", "the replica has it")
    refused = cli(read_port, "set", "k", "w")
    that("READONLY" in refused, "a replica refuses to write", refused)
    bench = bed.run(
        "redis-benchmark", "-p", write_port, "-a", "secret", "-q", "-n", "50000", "-c", "50", "-t", "set,get"
    )
    that("GET:" in bench.stdout and "rror" not in bench.stdout, "redis-benchmark runs through Weir", bench.stdout)
    print(
        "     "
        + "; ".join(
            line.strip() for line in bench.stdout.replace("\r", "\n").splitlines() if "requests per second, p50" in line
        )
    )
    ended = {record["end"] for record in weir.records()}
    that(ended <= {"client_closed", "server_closed", "client_reset"}, "no connection failed", ended)
    denials = cli(first.port, "acl", "log")
    that(denials == "", "the user of the check may do what the check does, so Redis notes no denial", denials)
    role = bed.run("redis-cli", "-p", write_port, "--no-auth-warning", "--user", "weir", "-a", "check-only", "get", "k")
    that("NOPERM" in role.stdout + role.stderr, "and reads no key", role.stdout)

    began = time.monotonic()
    stop(first.process, signal.SIGKILL)
    late = bed.start("late", "redis-cli", "-p", write_port, "-a", "secret", "set", "k", "late")
    weir.wait_for_states("master", {first.port: "down", second.port: "down"})
    wait_until(lambda: weir.upstream("master")["waiting"] == 1, "a client waits")
    cli(second.port, "replicaof", "no", "one")
    late.wait(30)
    that("OK" in bed.log("late"), "a client that came as the master died is served by the new one", bed.log("late"))
    print(f"     from the master's end to the next write: {time.monotonic() - began:.1f} s")

    first.start("--replicaof", f"127.0.0.1 {second.port}")
    weir.wait_for_states("replicas", {first.port: "up", second.port: "down"})
    that(cli(read_port, "get", "k") == "late", "the old master comes back as a replica and has the write")
