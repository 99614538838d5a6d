"""The machine's shape and the peers' versions, without names that would identify it."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from weirbench.echoes import DEBIAN_PYTHON

GEVENT_VERSION = [DEBIAN_PYTHON, "-c", "import gevent; print(gevent.__version__)"]
NUMBER = r"(\d+(?:\.\d+)+)"


def shape():
    """Cores, processor, kernel and memory."""
    cpu = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "cores": os.cpu_count(),
        "cpu": cpu[1] if cpu else platform.machine(),
        "kernel": "Linux " + re.match(r"[\d.]*\d", platform.release())[0],
        "memory_gb": round(int(memory[1]) / 1e6) if memory else None,
    }


def _version(command, pattern=NUMBER):
    """The version that a program says it has; None if it isn't there."""
    if not shutil.which(command[0]):
        return None
    said = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(pattern, said.stdout + said.stderr) if said.returncode == 0 else None
    return found[1] if found else None


def versions(programs):
    """{program: version} of all that take part; None where one is missing."""
    return {
        "weir": _version([programs / "weir", "--version"]),
        "haproxy": _version(["haproxy", "-v"]),
        "nginx": _version(["nginx", "-v"]),
        "iperf3": _version(["iperf3", "--version"]),
        "gevent": _version(GEVENT_VERSION),
        "socat": _version(["socat", "-V"], r"version (\S+)"),
        "wrk": _version(["dpkg-query", "--show", "wrk"], r"\t([\d.]+)") if shutil.which("wrk") else None,
        "pgbench": _version(["pgbench", "--version"]),
        "redis": _version(["redis-server", "--version"]),
        "g++": _version(["g++", "-dumpfullversion"]),
        "Python": platform.python_version(),
    }


def missing_peers(found):
    """{peer: why it cannot take part} of versions()."""
    needs = {"haproxy": "haproxy", "haproxy-splice": "haproxy", "nginx": "nginx", "gevent": "gevent", "socat": "socat"}
    packages = {"gevent": "python3-gevent", "nginx": "nginx libnginx-mod-stream"}
    absent = {peer: f"{program} is not installed; install {packages.get(program, program)}"
              for peer, program in needs.items() if not found[program]}
    if found["nginx"] and not Path("/usr/lib/nginx/modules/ngx_stream_module.so").exists():
        absent["nginx"] = "it has no stream module; install libnginx-mod-stream"
    return absent
