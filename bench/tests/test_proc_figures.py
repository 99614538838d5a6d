import os
import unittest

from weirbench.proc_figures import (TICKS, cpu_seconds, descriptors, epoll_counts, parse_epoll_count, parse_pss,
                                     parse_stat, pss_bytes, tree)
from weirbench.sampler import interpolate


class ProcFigures(unittest.TestCase):
    def test_a_name_with_brackets_and_spaces_does_not_shift_the_fields(self):
        line = "42 (nginx: a) b) S 7 42 42 0 -1 4194560 1 0 0 0 10 20 3 4 20 0 1 0 100 1 1"
        self.assertEqual(parse_stat(line), (7, 30 / TICKS))

    def test_memory_is_what_does_not_come_from_files(self):
        text = "0-1 ---p [rollup]\nRss: 900 kB\nPss: 500 kB\nPss_Anon: 30 kB\nPss_File: 466 kB\nPss_Shmem: 4 kB\n"
        self.assertEqual(parse_pss(text), 34 * 1024)

    def test_descriptors_of_an_epoll_instance_are_counted(self):
        self.assertEqual(parse_epoll_count("pos:\t0\nflags:\t02\ntfd: 5 events: 19\ntfd: 6 events: 19\n"), 2)
        self.assertEqual(parse_epoll_count("pos:\t0\nflags:\t02\n"), 0)

    def test_this_process_can_be_looked_at(self):
        self.assertIn(os.getpid(), tree(os.getpid()))
        self.assertGreater(cpu_seconds([os.getpid()]), 0)
        self.assertGreater(pss_bytes([os.getpid()]), 0)
        self.assertEqual(epoll_counts([os.getpid()]), {})

    def test_an_open_descriptor_is_counted(self):
        before = descriptors([os.getpid()])
        with open(os.devnull, "rb"):
            self.assertEqual(descriptors([os.getpid()]), before + 1)

    def test_between_two_readings_time_runs_evenly(self):
        readings = [(1.0, 10.0), (2.0, 20.0), (4.0, 24.0)]
        self.assertEqual([interpolate(readings, at) for at in (0, 1, 1.5, 3, 4, 9)], [10, 10, 15, 22, 24, 24])
