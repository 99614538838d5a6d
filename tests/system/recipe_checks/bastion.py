"""A real sshd and web servers behind the bastion; who is allowed, who is refused, and an allow list that changes."""

import http.server
import json
import os
import signal
import socket
import threading
from pathlib import Path

from recipe_checks.testbed import PROGRAMS, Failed, accepts, wait_until

SSHD = Path("/usr/sbin/sshd")


def check(bed):
    that = bed.count.that
    if not SSHD.exists():
        raise Failed("openssh-server is not installed")
    ssh = Sshd(bed)
    web = bed.ports(8)
    for port in range(web, web + 8):
        serve_port_number(bed, port)
    allowed = bed.folder / "operators.allow"
    allowed.write_text("# the operators' networks\n127.0.0.8/29\n127.0.0.66\n")
    ssh_port, web_port, other_port = bed.ports(), bed.ports(8), bed.ports()
    weir = bed.weir(
        "bastion",
        {
            "listeners.build1-ssh.bind": f"127.0.0.1:{ssh_port}",
            "listeners.build1-web.bind": f"127.0.0.1:{web_port}-{web_port + 7}",
            "listeners.build2-ssh.bind": f"127.0.0.1:{other_port}",
            "listeners.build2-ssh.deny": "[127.0.0.66]",
            **{f"listeners.{name}.allow_file": allowed for name in ("build1-ssh", "build1-web", "build2-ssh")},
            "upstreams.build1-ssh.servers.0.address": f"127.0.0.1:{ssh.port}",
            "upstreams.build1-web.servers.0.address": f"127.0.0.1:{web}-{web + 7}",
            "upstreams.build2-ssh.servers.0.address": f"127.0.0.1:{ssh.port}",
        },
    )
    that(not weir.warnings, "weir check has no warning", weir.warnings)

    said = ssh.login(ssh_port, "127.0.0.9")
    that(said.stdout == "at work\n", "an operator logs in with ssh through the bastion", said.stderr)
    record = weir.wait_for_record("the login", lambda record: record["listener"] == "build1-ssh")
    that(
        record["client"].startswith("127.0.0.9:") and record["bytes_out"] > 1000,
        "its record says who was where",
        record,
    )

    data = os.urandom(8 << 20)
    (bed.folder / "sent").write_bytes(data)
    ssh.copy(ssh_port, bed.folder / "sent", bed.folder / "received")
    that((bed.folder / "received").read_bytes() == data, "scp copies 8 MiB through it")

    seen = [fetch(web_port + at, "127.0.0.9") for at in range(8)]
    that(seen == [str(web + at) for at in range(8)], "each port of the range leads to the port in its place", seen)

    that(refused(ssh_port, "127.0.0.20"), "who is not on the list is refused")
    weir.wait_for_record("the refused", lambda record: record["end"] == "denied" and record["backend"] is None)
    that(True, "before any backend sees it; the record says denied")
    that(
        not refused(ssh_port, "127.0.0.66") and refused(other_port, "127.0.0.66"),
        "deny wins over the list, for its listener",
    )

    # More logins than that are taken for guessing. Where this goes slowly, a few more may come meanwhile.
    came = 0
    while came < 40 and not refused(ssh_port, "127.0.0.10"):
        came += 1
    that(10 <= came < 40, "one address may come ten times at once, and is then refused for a while", came)
    weir.wait_for_record("a connection that came too soon", lambda record: record["end"] == "refused_rate")

    with socket.create_connection(("127.0.0.1", ssh_port), timeout=10, source_address=("127.0.0.11", 0)) as session:
        session.recv(4)
        allowed.write_text("127.0.0.20\n")
        weir.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not refused(other_port, "127.0.0.20"), "the new list counts")
        that(refused(ssh_port, "127.0.0.11"), "a list that changes counts for newcomers after a reload")
        session.sendall(b"SSH-2.0-still-here\r\n")
        that(len(session.recv(100)) > 0, "sessions that are under way go on")

        # An operator ends it by hand.
        listed = bed.run(PROGRAMS / "weir", "connections", weir.admin, "--source", "127.0.0.11", "--json").stdout
        bed.run(PROGRAMS / "weir", "kill", json.loads(listed)["connections"][0]["id"], weir.admin)
        weir.wait_for_record("the killed session", lambda record: record["end"] == "killed")
        that(True, "until an operator finds them with weir connections, and ends them with weir kill")

    allowed.write_text("127.0.0.300\n")
    failed = bed.run(PROGRAMS / "weir", "reload", weir.admin, expect=None)
    that(
        failed.returncode == 1 and "127.0.0.300" in failed.stderr and not refused(other_port, "127.0.0.20"),
        "a list with a mistake refuses the reload, and the old one stays",
        failed,
    )
    allowed.write_text("# nobody\n")
    bed.run(PROGRAMS / "weir", "reload", weir.admin)
    that(refused(other_port, "127.0.0.20"), "a list that is empty lets nobody in")


class Sshd:
    """An sshd with a key and an authorized key of its own, for the user who runs this."""

    def __init__(self, bed):
        self.bed = bed
        self.port = bed.ports()
        self.keys = bed.subfolder("keys")
        self.keys.chmod(0o700)
        for name in ("host", "operator"):
            bed.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.keys / name)
        (self.keys / "authorized").write_text((self.keys / "operator.pub").read_text())
        separation = Path("/run/sshd")
        if os.geteuid() == 0 and not separation.exists():
            separation.mkdir(mode=0o755)
            bed.at_end.append(separation.rmdir)
        bed.start(
            "sshd",
            SSHD,
            "-D",
            "-e",
            "-f",
            "/dev/null",
            "-p",
            self.port,
            "-h",
            self.keys / "host",
            *[
                f"-o{option}"
                for option in (
                    "ListenAddress=127.0.0.1",
                    f"AuthorizedKeysFile={self.keys}/authorized",
                    "StrictModes=no",
                    "UsePAM=no",
                    "PidFile=none",
                    "PasswordAuthentication=no",
                    "PermitRootLogin=prohibit-password",
                    "MaxStartups=100",
                    "Subsystem=sftp internal-sftp",
                )
            ],
        )
        wait_until(lambda: accepts(self.port), "sshd accepts")

    def options(self):
        return [
            "-F",
            "/dev/null",
            "-i",
            self.keys / "operator",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            f"UserKnownHostsFile={self.keys}/known",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "BatchMode=yes",
        ]

    def login(self, port, source):
        return self.bed.run("ssh", *self.options(), "-b", source, "-p", port, "127.0.0.1", "echo at work", expect=None)

    def copy(self, port, source, target):
        self.bed.run("scp", *self.options(), "-o", "BindAddress=127.0.0.9", "-P", port, source, f"127.0.0.1:{target}")


class PortNumber(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.server.server_port).encode())

    def log_message(self, *_):
        pass


def serve_port_number(bed, port):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), PortNumber)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bed.at_end.append(server.shutdown)


def fetch(port, source):
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while chunk := client.recv(1000):
            answer += chunk
    return answer.rpartition(b"\r\n\r\n")[2].decode()


def refused(port, source):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0)) as client:
            return client.recv(4) == b""
    except ConnectionResetError:
        return True
