import contextlib
import socket
import threading
import unittest

from weirbench.failures import NotServed
from weirbench.holder import Holder
from weirbench.ports import free_range
from weirbench.refusals import refused_for


class Held(unittest.TestCase):
    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.port = self.listener.getsockname()[1]

    def test_what_gets_a_byte_or_an_end_is_not_untouched(self):
        with Holder(self.port, 3) as holder, contextlib.ExitStack() as accepted:
            first, second, _ = (accepted.enter_context(self.listener.accept()[0]) for _ in range(3))
            self.assertEqual(holder.untouched(), 3)
            first.sendall(b"x")
            second.shutdown(socket.SHUT_WR)
            self.assertEqual(holder.untouched(), 1)

    def serve(self, how):
        """Until the test ends."""
        def serving():
            with contextlib.suppress(OSError):
                while True:
                    with self.listener.accept()[0] as connection:
                        how(connection)

        thread = threading.Thread(target=serving)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.listener.shutdown, socket.SHUT_RDWR)  # first: it ends accept(2)

    def test_connections_that_are_ended_are_counted(self):
        self.serve(lambda connection: None)
        self.assertGreater(refused_for(self.port, 0.1, 2), 0)

    def test_a_connection_that_is_answered_was_not_refused(self):
        self.serve(lambda connection: connection.sendall(b"x"))
        with self.assertRaisesRegex(NotServed, "was answered"):
            refused_for(self.port, 0.1, 1)


class Ports(unittest.TestCase):
    def test_a_free_range_can_be_bound(self):
        first = free_range(20)
        with contextlib.ExitStack() as bound:
            for port in range(first, first + 20):
                bound.enter_context(socket.create_server(("127.0.0.1", port)))
