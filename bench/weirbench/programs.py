"""Gets the programs: builds them, and takes copies that no later build can change under a run."""

import os
import shutil
import subprocess
from pathlib import Path

from weirbench.setting import SOURCE

OURS = ["weir", "weir-load"]
YARDSTICKS = ["weir-bench-epoll-proxy", "weir-bench-epoll-echo", "weir-bench-epoll-client", "weir-bench-newcomers"]
BUILT = SOURCE / "build" / "release" / "bin"


class NotBuilt(Exception):
    """A program could not be had; the text says what to do."""


def _check(command, what):
    if subprocess.run(command, cwd=SOURCE, check=False).returncode != 0:
        raise NotBuilt(f"{what} failed")


def _build_yardsticks():
    """The yardsticks alone; they need a compiler and nothing else of the project."""
    _check(["cmake", "--preset", "release", "--log-level=ERROR", "-DWEIR_BENCH=ON"], "cmake --preset release")
    _check(["cmake", "--build", "build/release", "--target", "weir-bench", "--", "--quiet"], "building the yardsticks")


def gather(given, folder):
    """Copies of all programs in a folder: from the one that was given, built first if none was."""
    if given is None:
        _check(["scripts/setup", "bench"], "scripts/setup bench")
        _check(["scripts/build", "release", "-DWEIR_BENCH=ON"], "scripts/build release")
        given = BUILT
    for name in OURS:
        if not _is_program(given / name):
            raise NotBuilt(f"there is no program {name} in {given}; build it with scripts/build release")
    ready = all(_is_program(given / name) for name in YARDSTICKS)
    if not ready:
        _build_yardsticks()
    folder.mkdir()
    for name in OURS:
        _copy(given / name, folder / name)
    for name in YARDSTICKS:
        _copy((given if ready else BUILT) / name, folder / name)


def gather_before(given, folder):
    """A copy of another build's weir beside the programs."""
    if not _is_program(given / "weir"):
        raise NotBuilt(f"there is no program weir in {given}; give the folder of another build's programs")
    _copy(given / "weir", folder / "weir-before")


def _is_program(path: Path):
    return path.is_file() and os.access(path, os.X_OK)


def _copy(program, to):
    shutil.copy2(program, to)
