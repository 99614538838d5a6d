import unittest

from weirbench.machine import missing_peers, shape


class Machine(unittest.TestCase):
    def test_what_is_not_installed_is_left_out_with_the_remedy(self):
        found = {"haproxy": None, "nginx": None, "gevent": None, "socat": "1.7"}
        self.assertEqual(missing_peers(found), {
            "haproxy": "haproxy is not installed; install haproxy",
            "haproxy-splice": "haproxy is not installed; install haproxy",
            "nginx": "nginx is not installed; install nginx libnginx-mod-stream",
            "gevent": "gevent is not installed; install python3-gevent"})

    def test_the_shape_has_no_names(self):
        self.assertEqual(set(shape()), {"cores", "cpu", "kernel", "memory_gb"})
