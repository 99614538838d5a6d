"""Connections that a proxy can find no server for: it ends them, after so many attempts."""

import contextlib
import re
import select
import socket
import time
from collections import Counter

from weirbench.failures import NotServed

PATIENCE = 20.0
# Weir counts attempts; HAProxy those after the first, with a + where one went to another server.
RECORD = re.compile(r'"attempts":\s*(?P<attempts>\d+)|retries=\+?(?P<retries>\d+)')


def refused_for(port, seconds, at_once):
    """Opens connections, so many at once, for so long, and waits for the end of each; gives how many there were."""
    poller = select.epoll()
    waiting = {}
    done = 0
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end or waiting:
            while time.monotonic() < end and len(waiting) < at_once:
                connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
                waiting[connection.fileno()] = connection
                poller.register(connection, select.EPOLLIN)
            events = poller.poll(PATIENCE)
            if not events:
                raise NotServed(f"a connection was not ended within {PATIENCE:.0f} s")
            for descriptor, _ in events:
                _expect_end(waiting.pop(descriptor))
                done += 1
        return done
    finally:
        poller.close()
        for connection in waiting.values():
            connection.close()


def _expect_end(connection):
    """Weir resets it, HAProxy closes it; records say whether all attempts were made."""
    with connection, contextlib.suppress(ConnectionResetError):
        if connection.recv(1):
            raise NotServed("a connection that no server takes was answered")


def check_attempts(text, connections, attempts):
    """Raises NotServed unless records say that so many connections had so many attempts each."""
    found = Counter(int(record["attempts"] or int(record["retries"]) + 1) for record in RECORD.finditer(text))
    if found != {attempts: connections}:
        raise NotServed(f"{connections} connections had {dict(found)} attempts, not {attempts} each")
