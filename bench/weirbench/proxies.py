"""The proxies under test, each started afresh for a measurement with an equivalent configuration."""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from weirbench.failures import NotServed
from weirbench.peer_files import write_configuration
from weirbench.ports import free_port, wait_listening
from weirbench.proc_figures import tree
from weirbench.process import Running, wait_until

NGINX_MODULES = "/usr/lib/nginx/modules"
FILES_BESIDE_CONNECTIONS = 500


@dataclass
class Serving:
    """A peer that listens."""

    port: int
    running: Running
    log: object = None  # what its records go to, where they are asked for

    @property
    def pid(self):
        return self.running.pid


@dataclass
class FileLog:
    """A file that a peer writes its records to."""

    path: Path

    def records(self):
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as lines:
            return sum(1 for _ in lines)
        return 0

    def expect(self, count):
        """Every connection's is written in the end; what a peer gathers comes a little later."""
        deadline = time.monotonic() + 3
        while self.records() < count:
            if time.monotonic() > deadline:
                raise NotServed(f"{self.records()} records of {count} connections were written")
            time.sleep(0.1)


def _weir(setting, values, log, program="weir"):
    if tls := values["TLS"]:
        values["TLS"] = f"    tls: {{certificates: [{{certificate: {tls.certificate}, key: {tls.key}}}]}}"
    values |= {"LOGGING": "true" if log else "false", "LOG": log.path if log else "/dev/null"}
    return [setting.program(program), "run", "-c", write_configuration(setting, "weir.yaml", values)]


def _weir_before(setting, values, log):
    return _weir(setting, values, log, "weir-before")


def _haproxy(setting, values, log, splice=False):
    if tls := values["TLS"]:
        values["TLS"] = f" ssl crt {tls.both} ssl-min-ver TLSv1.2 prefer-client-ciphers"
    pipes = setting.descriptors // 40  # of two descriptors each, as a connection's
    values |= {
        "MAXCONN": (setting.descriptors - FILES_BESIDE_CONNECTIONS) // 2 - pipes,
        "MAXPIPES": pipes,
        "LOG_TARGET": "log stdout format raw local0" if log else "",
        "LOG_OPTIONS": "log global\n    option tcplog" if log else "",
        "SPLICE_OPTIONS": "option splice-request\n    option splice-response" if splice else "",
    }
    return ["haproxy", "-db", "-f", write_configuration(setting, "haproxy.cfg", values)]


def _haproxy_splice(setting, values, log):
    return _haproxy(setting, values, log, splice=True)


def _nginx(setting, values, log):
    values["LISTEN_TLS"] = " ssl" if values["TLS"] else ""
    if tls := values["TLS"]:
        # Debian's nginx 1.22 speaks TLS 1.3 only when told to.
        values["TLS"] = (f"ssl_certificate {tls.certificate}; ssl_certificate_key {tls.key}; "
                         "ssl_protocols TLSv1.2 TLSv1.3;")
    values |= {
        "MODULES": NGINX_MODULES,
        "DESCRIPTORS": setting.descriptors,
        "CONNECTIONS": setting.descriptors - FILES_BESIDE_CONNECTIONS,
        "FOLDER": setting.folder,
        "ACCESS_LOG": f"{log.path} line buffer=64k flush=1s" if log else "off",
    }
    return ["nginx", "-p", setting.folder, "-e", "stderr", "-c", write_configuration(setting, "nginx.conf", values)]


def _epoll(setting, values, _log):
    return [setting.program("weir-bench-epoll-proxy"), f"127.0.0.1:{values['PORT']}", f"127.0.0.1:{values['BACKEND']}"]


COMMANDS = {"weir": _weir, "before": _weir_before, "haproxy": _haproxy, "haproxy-splice": _haproxy_splice,
            "nginx": _nginx, "epoll": _epoll}


@contextlib.contextmanager
def proxy(setting, peer, backend, *, workers=1, logging=False, cores=None, tls=None, gives_way=False):
    """A proxy in front of a port of 127.0.0.1, for the length of the block; `tls` is the Certificate that it ends its
    clients' TLS with. One that gives way has its cores only while nobody else wants them."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        log = FileLog(setting.folder / f"{port}.records") if logging else None
        command = COMMANDS[peer](setting, {"PORT": port, "BACKEND": backend, "WORKERS": workers,
                                           "TLS": tls or ""}, log)
        # HAProxy writes records to its standard output, or to a syslog socket.
        output = stack.enter_context(open(log.path, "wb")) if log and peer.startswith("haproxy") else None
        running = stack.enter_context(
            setting.processes.started(peer, command, cores or setting.proxy_cores, stdout=output,
                                            gives_way=gives_way))
        wait_listening(port, running)
        if peer == "nginx":  # its master listens before it has workers
            wait_until(lambda: len(tree(running.pid)) > workers, "having workers", running)
        yield Serving(port, running, log)
