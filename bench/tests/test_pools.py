"""What the proxies are told of pools of servers, and what is read of what they did."""

import unittest

from weirbench.failures import NotServed
from weirbench.pool import POLICIES, Check, Pool, haproxy_section, on_addresses, on_ports, weir_listener, weir_upstream
from weirbench.refusals import check_attempts
from weirbench.report import needed
from weirbench.rows.downfall import DOWN


class Servers(unittest.TestCase):
    def test_addresses_follow_each_other_and_none_is_a_clients(self):
        servers = on_addresses(1000, 80)
        self.assertEqual((servers[0], servers[255], servers[999]), ("127.1.0.1:80", "127.1.1.0:80", "127.1.3.232:80"))
        self.assertEqual(len(set(servers)), 1000)
        self.assertFalse(any(server.startswith("127.0.0.") for server in servers))

    def test_ports_follow_each_other(self):
        self.assertEqual(on_ports(2, 80), ("127.0.0.1:80", "127.0.0.1:81"))


class Told(unittest.TestCase):
    def test_weir_is_told_of_every_server(self):
        text = weir_upstream(Pool("pool", ("a:1", "b:2"), "random_two", most=3, attempts=4))
        self.assertEqual(text.splitlines(), [
            "  - name: pool", "    balance: random_two", "    connect: {attempts: 4}",
            "    queue: {size: 1000000, timeout: 0}", "    eject: {failures: 0}", "    servers:",
            '      - {address: "a:1", max_connections: 3}', '      - {address: "b:2", max_connections: 3}'])
        self.assertEqual(weir_listener(Pool("pool", ()), 9),
                         '  - {name: pool, bind: "127.0.0.1:9", proxy: {upstream: pool}}')

    def test_haproxy_is_told_the_same(self):
        text = haproxy_section(Pool("pool", ("a:1", "b:2"), "random_two", most=3, attempts=4), 9)
        self.assertEqual([line.strip() for line in text.splitlines()], [
            "listen pool", "bind 127.0.0.1:9 backlog 4096", "balance random(2)", "retries 3",
            "default-server maxconn 3", "server s0 a:1", "server s1 b:2"])

    def test_both_check_and_cut_alike(self):
        pool = Pool("pool", ("a:1",), check=Check(250, "reset"))
        self.assertIn("    health: {interval: 250ms, fall: 1, rise: 1}\n    on_down: reset\n", weir_upstream(pool))
        self.assertIn("default-server check inter 250ms fall 1 rise 1 on-marked-down shutdown-sessions\n",
                      haproxy_section(pool, 9))
        self.assertNotIn("on-marked-down", haproxy_section(Pool("pool", ("a:1",), check=Check(250)), 9))

    def test_every_policy_that_a_target_needs_is_known(self):
        self.assertEqual([dict(cell.parameters)["policy"] for cell in needed.UPSTREAMS], list(POLICIES))


class Said(unittest.TestCase):
    def test_attempts_of_weirs_records_are_counted(self):
        check_attempts('{"id":1,"attempts":10,"end":"connect_failed"}\n{"id":2,"attempts":10}\n', 2, 10)
        for connections, attempts in ((3, 10), (2, 9)):
            with self.assertRaises(NotServed):
                check_attempts('{"attempts":10}\n{"attempts":10}\n', connections, attempts)

    def test_haproxy_counts_those_after_the_first(self):
        check_attempts("retries=+9\nretries=9\n", 2, 10)
        with self.assertRaises(NotServed):
            check_attempts("retries=+9\nretries=3\n", 2, 10)

    def test_a_server_that_goes_down_is_found_in_both_programs_words(self):
        said = ("[warning] upstream doomed: 127.0.0.1:2001 is down: connect: Connection refused\n"
                "[WARNING]  (9) : Server doomed/s7 is DOWN, reason: Layer4 connection problem, info: \"refused\".\n"
                "[ALERT]    (9) : proxy 'doomed' has no server available!\n")
        self.assertEqual(len(DOWN.findall(said)), 2)
