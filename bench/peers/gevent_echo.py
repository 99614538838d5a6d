"""An echo server as one writes it with gevent. Usage: gevent_echo.py PORT"""

import resource
import socket
import sys

from gevent.server import StreamServer


def echo(connection, _address):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
    except ConnectionError:
        pass  # the peer reset it


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
StreamServer(("127.0.0.1", int(sys.argv[1])), echo, backlog=4096).serve_forever()
