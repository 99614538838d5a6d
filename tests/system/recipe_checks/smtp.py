"""Two Postfix servers that take the client's address from a PROXY header; swaks sends mail from several addresses."""

import os
import re
import shutil
import signal
import socket
from pathlib import Path

from recipe_checks.testbed import Failed, accepts, wait_until


class Postfix:
    """A Postfix with configuration, queue and data of its own; `master` stays in the foreground."""

    def __init__(self, bed, name, port):
        self.bed = bed
        self.name = name
        self.port = port
        self.config = bed.subfolder(f"{name}-config")
        self.queue = bed.subfolder(f"{name}-queue")
        data = bed.subfolder(f"{name}-data", "postfix")
        self.maillog = bed.folder / f"{name}.log"
        for file in ("postfix-files", "dynamicmaps.cf"):
            shutil.copy(f"/etc/postfix/{file}", self.config)
        (self.config / "main.cf").write_text(
            f"""\
compatibility_level = 3.6
queue_directory = {self.queue}
data_directory = {data}
maillog_file = {self.maillog}
maillog_file_prefixes = {bed.folder}
myhostname = {name}.example.org
mydestination = example.org
inet_interfaces = 127.0.0.1
mynetworks =
alias_maps =
local_recipient_maps =
smtpd_recipient_restrictions = reject_unauth_destination
# Kept in the queue, where the check looks at it.
smtpd_data_restrictions = check_client_access static:HOLD
"""
        )
        # The first line is that of the page.
        (self.config / "master.cf").write_text(
            f"""\
127.0.0.1:{port} inet n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
local unix - n n - - local
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
        )

    def start(self):
        self.process = self.bed.start(f"{self.name}-master", "postfix", "-c", self.config, "start-fg")
        # The daemon has a session of its own, which this file names.
        pid_file = self.queue / "pid" / "master.pid"
        self.bed.at_end.append(lambda: end_group(int(pid_file.read_text())))
        wait_until(lambda: accepts(self.port), f"{self.name} accepts")

    def log_has(self, pattern):
        return re.search(pattern, self.maillog.read_text()) if self.maillog.exists() else None

    def held(self):
        """The messages in the queue, with their headers."""
        return [
            self.bed.run("postcat", "-c", self.config, "-h", "-q", file.name).stdout
            for file in Path(self.queue, "hold").iterdir()
        ]


def end_group(group):
    try:
        os.killpg(group, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{group}").exists(), "Postfix ends")
    except ProcessLookupError:
        pass


def check(bed):
    that = bed.count.that
    if os.geteuid() != 0:
        raise Failed("Postfix starts as root only")
    port = bed.ports()
    first, second = (Postfix(bed, name, bed.ports()) for name in ("mail5", "mail6"))
    first.start()
    second.start()
    weir = bed.weir(
        "smtp",
        {
            "listeners.smtp.bind": f"127.0.0.1:{port}",
            "upstreams.mail.servers.0.address": f"127.0.0.1:{first.port}",
            "upstreams.mail.servers.1.address": f"127.0.0.1:{second.port}",
        },
    )
    that(not weir.warnings, "weir check has no warning", weir.warnings)
    weir.wait_for_states("mail", {first.port: "up", second.port: "up"})

    def swaks(source, expect=0):
        return bed.run(
            "swaks",
            "--server",
            f"127.0.0.1:{port}",
            "--local-interface",
            source,
            "--from",
            "a@example.com",
            "--to",
            "b@example.org",
            "--helo",
            "client.example.com",
            "--body",
            "hello",
            expect=expect,
        )

    for source in ("127.0.0.21", "127.0.0.22", "127.0.0.23", "127.0.0.24"):
        swaks(source)
        server = wait_until(
            lambda: next((one for one in (first, second) if one.log_has(rf"client=\S*\[{re.escape(source)}\]")), None),
            f"a server names the client {source}",
        )
        headers = [text for text in server.held() if source in text]
        that(
            len(headers) == 1,
            f"{server.name} sees the client {source}, and says so in the mail's Received",
            server.held(),
        )
    that(first.held() and second.held(), "both servers get mail")

    # Whoever reaches the servers' port without Weir cannot speak SMTP there, but could claim any address.
    with socket.create_connection(("127.0.0.1", first.port), timeout=10) as direct:
        direct.sendall(b"EHLO direct\r\n")
        try:
            answer = direct.recv(1000)
        except ConnectionResetError:
            answer = b""
    that(not answer.startswith(b"220"), "without a PROXY header Postfix greets nobody", answer)
    with socket.create_connection(("127.0.0.1", first.port), timeout=10) as forger:
        forger.sendall(b"PROXY TCP4 192.0.2.99 192.0.2.1 4711 25\r\n")
        that(
            forger.recv(1000).startswith(b"220"),
            "and believes a header from anybody, so its port must be closed to all others",
        )
    wait_until(lambda: first.log_has(r"connect from \S*\[192\.0\.2\.99\]"), "Postfix believes the forger")

    # The 21st connection of a source is refused.
    crowd = [
        socket.create_connection(("127.0.0.1", port), timeout=10, source_address=("127.0.0.30", 0)) for _ in range(20)
    ]
    greeted = all(client.recv(4) == b"220 " for client in crowd)
    that(greeted, "a source may have twenty connections")
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=("127.0.0.30", 0)) as further:
            refused = further.recv(4) == b""
    except ConnectionResetError:  # which may come while it still connects
        refused = True
    that(refused, "and no twenty-first")
    swaks("127.0.0.31")
    that(True, "while another one is served")
    for client in crowd:
        client.close()
    weir.wait_for_record("the refused connection", lambda record: record["end"] == "refused_limit")
