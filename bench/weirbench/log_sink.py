"""A syslog sink, for HAProxy's records."""

import socket
import threading


class LogSink:
    """A unix datagram socket that is drained and whose records are counted, while the block lasts."""

    def __init__(self, path):
        self.path = path
        self._count = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._drain, daemon=True)

    def __enter__(self):
        self._socket.bind(str(self.path))
        self._socket.settimeout(0.2)
        self._thread.start()
        return self

    def __exit__(self, *_):
        drained, self._socket = self._socket, None
        self._thread.join()
        drained.close()
        self.path.unlink()

    def records(self):
        return self._count

    def _drain(self):
        while sink := self._socket:
            try:
                sink.recv(65536)
                self._count += 1
            except TimeoutError:
                pass
