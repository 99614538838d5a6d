import os
import tempfile
import time
import unittest
from pathlib import Path

from weirbench.failures import NotServed
from weirbench.ports import free_port, is_listened_to
from weirbench.process import Processes, wait_until


class Starting(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.processes = Processes(Path(folder.name))
        self.addCleanup(self.processes.stop_all)
        self.cores = frozenset({min(os.sched_getaffinity(0))})

    def test_a_program_runs_on_its_cores(self):
        said = self.processes.run("nproc", ["nproc"], self.cores, 10)
        self.assertEqual(said.strip(), "1")

    def test_a_failing_program_did_not_serve_and_its_words_are_kept(self):
        with self.assertRaisesRegex(NotServed, "exited with 3: no luck"):
            self.processes.run("sh", ["sh", "-c", "echo no luck; exit 3"], self.cores, 10)

    def test_a_program_that_takes_too_long_did_not_serve(self):
        with self.assertRaisesRegex(NotServed, "did not end"):
            self.processes.run("sleep", ["sleep", "60"], self.cores, 0.1)

    def test_children_that_outlive_their_parent_are_ended(self):
        said = self.processes.run("sh", ["sh", "-c", "sleep 60 & echo $!"], self.cores, 10)
        self.assertTrue(_ended(int(said)))

    def test_waiting_ends_when_the_process_does(self):
        running = self.processes.start("false", ["false"], self.cores)
        with self.assertRaisesRegex(NotServed, "ended at once"):
            wait_until(lambda: False, "something", running)

    def test_nobody_listens_on_a_free_port(self):
        self.assertFalse(is_listened_to(free_port()))


def _ended(pid):
    """Within a second; a zombie that nobody has reaped yet has ended as well."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False
