"""Connections that are held: idle for the most part, carrying some bytes when told."""

import select
import socket
import threading

from weirbench.failures import NotServed

PATIENCE = 20.0
PIECE = 256 * 1024


class Holder:
    """So many connections to an echo, opened one after the other, closed at the block's end; over TLS with a context."""

    def __init__(self, port, count, tls=None):
        self._connections = []
        try:
            for _ in range(count):
                plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
                self._connections.append(tls.wrap_socket(plain, server_hostname="bench.test") if tls else plain)
        except OSError as error:
            self.close()
            raise NotServed(f"connection {len(self._connections) + 1} of {count}: {error}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for connection in self._connections:
            connection.close()

    def untouched(self):
        """To how many nothing came: no byte, no end."""
        poller = select.poll()
        for connection in self._connections:
            poller.register(connection, select.POLLIN | select.POLLRDHUP)
        return len(self._connections) - len(poller.poll(0))

    def exchange(self, size):
        """Every connection sends so many bytes and gets them back, one connection after the other."""
        for connection in self._connections:
            carry(connection, size)

    def carry(self, total, over):
        """So many bytes each way in all, over the first few connections, one after the other."""
        for connection in self._connections[:over]:
            carry(connection, total // over)


def carry(connection, size):
    """Sends so many bytes and reads them back at the same time, as a stream; raises NotServed if they differ."""
    piece = bytes(range(256)) * (min(size, PIECE) // 256 + 1)
    piece = piece[:min(size, PIECE)]
    if size <= len(piece) and size <= 32 * 1024:
        connection.sendall(piece)
        return _expect(connection, size, piece)
    sender = threading.Thread(target=_send, args=(connection, size, piece), daemon=True)
    sender.start()
    try:
        return _expect(connection, size, piece)
    finally:
        sender.join(PATIENCE)


def _send(connection, size, piece):
    left = size
    try:
        while left > 0:
            connection.sendall(piece[:left])
            left -= len(piece)
    except OSError:
        pass  # the reader sees it too


def _expect(connection, size, piece):
    left = size
    buffer = bytearray(len(piece))
    twice = piece + piece
    while left > 0:
        try:
            got = connection.recv_into(buffer, min(left, len(buffer)))
        except OSError as error:
            raise NotServed(f"a held connection failed: {error}") from None
        if got == 0:
            raise NotServed("a held connection was closed")
        at = (size - left) % len(piece)
        if buffer[:got] != twice[at:at + got]:
            raise NotServed("a held connection got wrong bytes back")
        left -= got
