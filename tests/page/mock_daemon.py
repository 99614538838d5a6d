#!/usr/bin/env python3
"""A daemon that is none: it serves the status page and a living fake of the JSON that docs/api.md describes.

    tests/page/mock_daemon.py                    prints its address; Ctrl+C ends it
    tests/page/mock_daemon.py --port 9900 --scene trouble

Two upstreams (a backend is down, one drained, one ejected), traffic that moves, slow clients and records. What the API
changes is changed. Times are made up from one clock, so that a page opened now shows fifteen minutes of past.
"""

import argparse
import base64
import hashlib
import ipaddress
import json
import random
import re
import signal
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = Path(__file__).resolve().parents[2] / "server/admin/page/index.html"
TICK = 0.25  # seconds
STEP = 5
STEPS = 180
ORDERLY = {"client_closed", "server_closed", "client_truncated", "server_truncated", "drained"}


def rfc3339(seconds):
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def content_security_policy(page):
    """The header that allows exactly the page's own style and script."""

    def hash_of(tag):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src '{hash_of('style')}'; script-src '{hash_of('script')}'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class Problem(Exception):
    """An answer that is no success."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Backend:
    def __init__(self, now, name, entry=None, state="up", why="it accepts connections", **changes):
        self.name, self.entry = name, entry or name
        self.state, self.since, self.why = state, now - random.uniform(60, 90000), why
        self.healthy = state not in ("down", "checking")
        self.backup, self.weight, self.most, self.slow = False, 1, 0, 1.0
        self.connects = self.bytes_to = self.bytes_from = self.ejections = self.passed = self.failed = 0
        self.failures = {}
        self.__dict__.update(changes)

    def turn(self, state, why, now):
        if self.state != state:
            self.state, self.why, self.since = state, why, now

    def shown(self, daemon, upstream):
        seated = [each for each in upstream["backends"] if each.state == "up" and not each.backup]
        share = self.weight / sum(each.weight for each in seated) if self in seated else 0
        times = [0.0005, 0.001, 0.0025]
        connect = {"count": self.connects, "p50_seconds": None, "p90_seconds": None, "p99_seconds": None}
        if self.connects:
            connect.update(zip(list(connect)[1:], [value * self.slow for value in times]))
        return {
            "name": self.name, "entry": self.entry, "state": self.state, "since": rfc3339(self.since), "why": self.why,
            "healthy": self.healthy, "backup": self.backup, "weight": self.weight, "share": share,
            "active": sum(each["backend"] == self.name for each in daemon.connections.values()),
            "max_connections": self.most, "connects": self.connects, "connect_failures": self.failures,
            "bytes_to": self.bytes_to, "bytes_from": self.bytes_from,
            "checks": {"passed": self.passed, "failed": self.failed}, "ejections": self.ejections, "connect": connect,
        }  # fmt: skip


class Listener:
    def __init__(self, name, service, upstream, bound, rate, message):
        self.name, self.service, self.upstream, self.bound, self.rate, self.message = name, service, upstream, bound, rate, message
        self.drained, self.faults = False, []
        self.accepted = self.bytes_in = self.bytes_out = 0
        self.ended, self.refusals, self.accept_errors = {}, {}, {}

    def counts(self):
        return {"accepted": self.accepted, "bytes_in": self.bytes_in, "bytes_out": self.bytes_out, "ended": dict(self.ended)}


class Daemon:
    """The state that is shown, and what changes it. Every member needs `lock`."""

    def __init__(self, scene="usual", past=900):
        self.lock = threading.Lock()
        self.scene = scene
        self.now = time.time() - past
        self.started = self.now - (3600 if past else 0)
        self.pid = random.randrange(1000, 60000)
        self.draining, self.level, self.last_id = False, "info", 4000
        self.connections, self.records, self.steps = {}, [], []
        self.listeners = [
            Listener("db", "proxy", "postgres", ["127.0.0.1:5433", "[::1]:5433"], 3, 4000),
            Listener("cache", "proxy", "redis", ["127.0.0.1:6380"], 9, 600),
            Listener("echo", "echo", "", ["unix:/run/weir/echo.sock"], 0.4, 60),
        ]
        self.upstreams = [self.postgres(), self.redis()]
        if scene == "trouble":
            self.listeners.append(Listener("search", "proxy", "search", ["0.0.0.0:9200"], 3, 900))
            self.upstreams.append(self.search())
        if scene == "empty":
            self.listeners, self.upstreams = self.listeners[2:], []
            self.listeners[0].rate = 0
        self.mark = {each.name: each.counts() for each in self.listeners}
        self.next_step = self.now + STEP
        while past and self.now < time.time() - TICK:
            self.advance(self.now + 2.5)

    def postgres(self):
        return {
            "name": "postgres", "balance": "least_connections", "queue_size": 1024,
            "backends": [
                Backend(self.now, "10.0.0.5:5432", most=100),
                Backend(self.now, "10.0.0.6:5432", state="down", why="check failed: Connection refused", failures={"ECONNREFUSED": 214}, connects=4012),
                Backend(self.now, "10.0.0.7:5432", state="drained", why="an operator drained it", connects=1999),
                Backend(self.now, "10.0.0.8:5432", most=100, slow=12.0),
            ],
        }  # fmt: skip

    def redis(self):
        return {
            "name": "redis", "balance": "source_hash", "queue_size": 0,
            "backends": [
                Backend(self.now, "10.0.1.5:6379", "cache.internal:6379", weight=2),
                Backend(self.now, "10.0.1.6:6379", "cache.internal:6379", state="ejected", why="5 connects failed in a row; back in 40 s",
                        failures={"ETIMEDOUT": 5, "ECONNRESET": 1}, ejections=3, connects=833, slow=4000.0),
                Backend(self.now, "10.0.1.7:6379", "cache.internal:6379", state="left", why="cache.internal no longer stands for it", connects=12),
                Backend(self.now, "[fd00::15]:6379", backup=True),
            ],
        }  # fmt: skip

    def search(self):
        backends = [Backend(self.now, f"10.0.2.{i}:9200", state="down", why="check failed: No route to host") for i in (1, 2)]
        return {"name": "search", "balance": "round_robin", "queue_size": 64, "backends": backends}

    # ---- time

    def advance(self, until):
        seconds, self.now = until - self.now, until
        for listener in self.listeners:
            self.serve(listener, seconds)
        for connection in list(self.connections.values()):
            self.move(connection, seconds)
        for upstream in self.upstreams:
            for backend in upstream["backends"]:
                checks = int(until / 2) - int((until - seconds) / 2)
                backend.passed += checks * backend.healthy
                backend.failed += checks * (not backend.healthy)
        if self.now >= self.next_step:
            self.add_step()

    def serve(self, listener, seconds):
        wave = 1 + 0.5 * random.random() + (0.8 if int(self.now / 140) % 3 == 0 else 0)
        expected = 0 if self.draining else listener.rate * wave * seconds
        for _ in range(int(expected) + (random.random() < expected % 1)):
            self.accept(listener)

    def accept(self, listener):
        listener.accepted += 1
        if random.random() < 0.004:
            listener.refusals["source_connections"] = listener.refusals.get("source_connections", 0) + 1
            self.end(self.connection(listener, None), "refused_limit")
            return
        upstream = next((each for each in self.upstreams if each["name"] == listener.upstream), None)
        backend = None
        if upstream:
            seated = [each for each in upstream["backends"] if each.state == "up" and not each.backup]
            if not seated:
                self.end(self.connection(listener, None), "no_backend")
                return
            backend = random.choice(seated)
            backend.connects += 1
        connection = self.connection(listener, backend)
        self.connections[connection["id"]] = connection

    def connection(self, listener, backend):
        self.last_id += 1
        source = random.choice(["192.0.2.1", "192.0.2.7", "192.0.2.44", "198.51.100.23", "[2001:db8:17::9]"])
        long_lived = random.random() < 0.02
        slow = backend is not None and long_lived and random.random() < 0.1
        return {
            "id": self.last_id, "listener": listener.name, "upstream": listener.upstream or None, "backend": backend.name if backend else None,
            "client": f"{source}:{random.randrange(30000, 60000)}",
            "proxied_client": "203.0.113.9:50112" if random.random() < 0.05 else None,
            "tls": {"version": "TLSv1.3", "sni": "db.example"} if random.random() < 0.3 else None, "stage": "carrying", "worker": self.last_id % 2,
            "bytes_in": 0, "bytes_out": 0, "rate_in": None, "rate_out": None, "age_ms": 0, "idle_ms": 0,
            "connect_ms": round(0.4 * backend.slow, 3) if backend else None, "attempts": 1 if backend else 0, "rtt_us": random.randrange(40, 90000),
            "retransmits": 3 if slow else 0, "kept_for_client": 0, "kept_for_backend": 0, "slow_side": "client" if slow else None,
            "ends_at": self.now + (random.uniform(60, 900) if long_lived else random.expovariate(0.5)), "served": backend, "of": listener,
        }  # fmt: skip

    def move(self, connection, seconds):
        listener = connection["of"]
        idle = random.random() < 0.3
        into = 0 if idle else int(listener.message * random.random() * 4 * seconds)
        out = into if listener.service == "echo" else into * 5
        if connection["slow_side"]:
            connection["kept_for_client"] = int(connection["id"] * 7919 % 3000000 * random.uniform(0.98, 1)) + 65536
            out = out // 50
        for key, value in (("bytes_in", into), ("bytes_out", out)):
            connection[key] += value
            setattr(listener, key, getattr(listener, key) + value)
        if connection["served"]:
            connection["served"].bytes_to += into
            connection["served"].bytes_from += out
        connection["rate_in"], connection["rate_out"] = into / seconds, out / seconds
        connection["age_ms"] += int(seconds * 1000)
        connection["idle_ms"] = connection["idle_ms"] + int(seconds * 1000) if idle else 12
        if self.now > connection["ends_at"]:
            self.end(connection, random.choices(["client_closed", "server_closed", "client_reset", "idle_timeout"], [88, 10, 1.4, 0.6])[0])

    def end(self, connection, end):
        self.connections.pop(connection["id"], None)
        listener = connection["of"]
        listener.ended[end] = listener.ended.get(end, 0) + 1
        kept = ("id", "listener", "client", "proxied_client", "tls", "backend", "bytes_in", "bytes_out")
        record = {"time": rfc3339(self.now), **{key: connection[key] for key in kept}}
        record.update(bytes_lost=0 if end in ORDERLY else connection["kept_for_client"], duration_ms=connection["age_ms"] + 0.25,
                      connect_ms=connection["connect_ms"], attempts=connection["attempts"], end=end, rtt_us=connection["rtt_us"],
                      retransmits=connection["retransmits"], failed=end not in ORDERLY)  # fmt: skip
        self.records = [record, *self.records[:999]]

    def add_step(self):
        self.next_step += STEP
        step = {"end": rfc3339(self.now), "listeners": {}, "upstreams": {}}
        for listener in self.listeners:
            now, before = listener.counts(), self.mark[listener.name]
            self.mark[listener.name] = now
            grown = {key: now[key] - before[key] for key in ("accepted", "bytes_in", "bytes_out")}
            ended = {end: value - before["ended"].get(end, 0) for end, value in now["ended"].items()}
            step["listeners"][listener.name] = {**grown, "active": self.active(listener), "ended": {end: value for end, value in ended.items() if value}}
        self.steps = [*self.steps[-STEPS + 1 :], step]

    def active(self, listener):
        return sum(each["listener"] == listener.name for each in self.connections.values())

    # ---- answers

    def status(self):
        return {
            "time": rfc3339(self.now), "version": "0.1.0", "ready": not self.draining, "draining": self.draining,
            "uptime_seconds": self.now - self.started, "connections": {"active": len(self.connections), "limit": 9981},
            "process": {
                "pid": self.pid, "started": rfc3339(self.started),
                "config": {"file": "/etc/weir/weir.yaml", "hash": "8c1f0a2b9d3e4f56", "loaded": rfc3339(self.started)},
                "cpu_seconds": (self.now - self.started) * 0.07, "resident_bytes": 12345678 + 16384 * len(self.connections),
                "descriptors": {"used": 34 + 2 * len(self.connections), "limit": 20000}, "lost": {"log_lines": 0, "records": 12 * (self.scene == "trouble")},
            },
            "workers": [{"worker": i, "busy_ratio": random.uniform(0.05, 0.2), "connections": len(self.connections) // 2,
                         "loop_lag_seconds": random.uniform(0.00002, 0.0002), "pipes": i} for i in range(2)],
            "listeners": [self.shown_listener(each) for each in self.listeners],
            "upstreams": [self.shown_upstream(each) for each in self.upstreams],
        }  # fmt: skip

    def shown_listener(self, listener):
        return {
            "name": listener.name, "service": listener.service, "upstream": listener.upstream or None,
            "bound": [] if self.draining or listener.drained else listener.bound, "drained": listener.drained, "active": self.active(listener), **listener.counts(),
            "duration": {"count": sum(listener.ended.values()), "p50_seconds": 1.0 if listener.ended else None,
                         "p90_seconds": 5.0 if listener.ended else None, "p99_seconds": 300.0 if listener.ended else None},
            "accept_errors": listener.accept_errors, "refusals": listener.refusals,
            "faults": {"active": len(listener.faults), "left_seconds": max(listener.faults) - self.now if listener.faults else None,
                       "met": {"latency": listener.accepted // 5} if listener.faults else {}},
        }  # fmt: skip

    def shown_upstream(self, upstream):
        none_up = not any(each.state == "up" for each in upstream["backends"])
        return {
            "name": upstream["name"], "balance": upstream["balance"], "waiting": random.randrange(5, 30) if none_up else 0, "queue_size": upstream["queue_size"],
            "queue_wait": {"count": 0, "p50_seconds": None, "p90_seconds": None, "p99_seconds": None},
            "backends": [each.shown(self, upstream) for each in upstream["backends"]],
        }  # fmt: skip

    def history(self):
        return {"step_seconds": STEP, "steps": self.steps}

    def shown_connections(self, query):
        known = {"listener", "upstream", "backend", "source", "slow", "sort", "order", "limit", "offset", "min_age", "min_idle", "min_rate"}
        if unknown := set(query) - known:
            raise Problem(400, f"unknown query \"{sorted(unknown)[0]}\"; there are {', '.join(sorted(known))}")
        found = list(self.connections.values())
        for key in ("listener", "upstream", "backend"):
            found = [each for each in found if each[key] == query.get(key, each[key])]
        if "source" in query:
            try:
                network = ipaddress.ip_network(query["source"], strict=False)
            except ValueError as error:
                raise Problem(400, f"source: {error}; write an address or a range") from error
            found = [each for each in found if ipaddress.ip_address(each["client"].rpartition(":")[0].strip("[]")) in network]
        if query.get("slow") == "1":
            found = [each for each in found if each["slow_side"]]
        keys = {
            "id": lambda each: each["id"], "age": lambda each: each["age_ms"], "idle": lambda each: each["idle_ms"],
            "rate": lambda each: (each["rate_in"] or 0) + (each["rate_out"] or 0), "bytes": lambda each: each["bytes_in"] + each["bytes_out"],
            "kept": lambda each: each["kept_for_client"] + each["kept_for_backend"], "rtt": lambda each: each["rtt_us"],
            "retransmits": lambda each: each["retransmits"],
        }  # fmt: skip
        found.sort(key=keys[query.get("sort", "id")], reverse=query.get("order", "desc") == "desc")
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        page = [{key: value for key, value in each.items() if key not in ("ends_at", "served", "of")} for each in found[offset : offset + limit]]
        return {"total": len(self.connections), "matched": len(found), "complete": True, "offset": offset, "limit": limit, "connections": page}

    def sources(self, query):
        found = {}
        for each in self.connections.values():
            name = each["client"].rpartition(":")[0].strip("[]")
            name = f"{ipaddress.ip_network(name + '/64', strict=False)}" if ":" in name else name
            total = found.setdefault(name, {"source": name, "connections": 0, "bytes_in": 0, "bytes_out": 0})
            total["connections"] += 1
            total["bytes_in"] += each["bytes_in"]
            total["bytes_out"] += each["bytes_out"]
        return {"sources": sorted(found.values(), key=lambda each: -each["connections"])[: int(query.get("limit", 10))]}

    def shown_records(self, query):
        found = [each for each in self.records if each["failed"] or query.get("failed") != "1"]
        return {"records": found[: int(query.get("limit", 100))]}

    def config(self):
        return "".join(f"# line {i}\nworkers: auto\ndrain_timeout: 30s\n" for i in range(20))

    # ---- what changes something

    def backend(self, upstream, name):
        for each in self.upstreams:
            for backend in each["backends"]:
                if (each["name"], backend.name) == (upstream, name):
                    return backend
        raise Problem(404, f'upstream "{upstream}" has no backend "{name}"')

    def drain_backend(self, upstream, name):
        backend = self.backend(upstream, name)
        already = backend.state == "drained"
        backend.turn("drained", "an operator drained it", self.now)
        return {"result": "already" if already else "done"}

    def enable_backend(self, upstream, name):
        backend = self.backend(upstream, name)
        already = backend.state != "drained"
        if not already:
            backend.turn("up" if backend.healthy else "down", "an operator enabled it", self.now)
        return {"result": "already" if already else "done"}

    def set_listener_drained(self, name, drained):
        for each in self.listeners:
            if each.name == name:
                already, each.drained = each.drained == drained, drained
                return {"result": "already" if already else "done"}
        raise Problem(404, f'there is no listener "{name}"')

    def drain_listener(self, name):
        return self.set_listener_drained(name, True)

    def enable_listener(self, name):
        return self.set_listener_drained(name, False)

    def listener(self, name):
        for each in self.listeners:
            if each.name == name:
                return each
        raise Problem(404, f'there is no listener "{name}"')

    def set_fault(self, name):
        """Whatever it is to be, it stays for ten minutes."""
        self.listener(name).faults.append(self.now + 600)
        return {"result": "done", "fault": None}

    def clear_faults(self, name):
        listener = self.listener(name)
        already, listener.faults = not listener.faults, []
        return {"result": "already" if already else "done"}

    def break_backend(self, upstream, name):
        """Not in the API: the backend dies, as tests want it."""
        backend = self.backend(upstream, name)
        backend.healthy = False
        backend.turn("down", "check failed: Connection refused", self.now)
        return {"result": "done"}

    def kill(self, identity):
        if identity not in self.connections:
            raise Problem(404, f"no connection {identity} is live")
        self.end(self.connections[identity], "killed")
        return {"result": "done"}

    def drain(self):
        already, self.draining = self.draining, True
        return {"result": "already" if already else "done"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # the browser has left

    def do_GET(self):
        daemon, url = self.server.daemon, urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        answers = {
            "/api/v1/status": daemon.status, "/api/v1/history": daemon.history,
            "/api/v1/connections": lambda: daemon.shown_connections(query), "/api/v1/sources": lambda: daemon.sources(query),
            "/api/v1/records": lambda: daemon.shown_records(query),
        }  # fmt: skip
        if url.path == "/":
            page = PAGE.read_text()
            self.send(200, page, "text/html; charset=utf-8", {"Content-Security-Policy": content_security_policy(page)})
        elif url.path == "/api/v1/config":
            self.answer(daemon.config, "application/yaml")
        elif url.path in answers:
            self.answer(answers[url.path])
        else:
            self.send(404, json.dumps({"error": f"no {url.path}"}))

    def do_POST(self):
        self.change(
            {
                r"/api/v1/backends/([^/]+)/([^/]+)/drain": self.server.daemon.drain_backend,
                r"/api/v1/backends/([^/]+)/([^/]+)/enable": self.server.daemon.enable_backend,
                r"/api/v1/listeners/([^/]+)/drain": self.server.daemon.drain_listener,
                r"/api/v1/listeners/([^/]+)/enable": self.server.daemon.enable_listener,
                r"/api/v1/listeners/([^/]+)/faults": self.server.daemon.set_fault,
                r"/api/v1/drain": self.server.daemon.drain,
                r"/mock/break/([^/]+)/([^/]+)": self.server.daemon.break_backend,
            }
        )

    def do_DELETE(self):
        self.change(
            {
                r"/api/v1/connections/(\d+)": lambda identity: self.server.daemon.kill(int(identity)),
                r"/api/v1/listeners/([^/]+)/faults": self.server.daemon.clear_faults,
            }
        )

    def change(self, actions):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Type") != "application/json":
            self.send(415, json.dumps({"error": "the Content-Type must be application/json"}))
            return
        for pattern, action in actions.items():
            if match := re.fullmatch(pattern, self.path):
                self.answer(lambda: action(*map(unquote, match.groups())))
                return
        self.send(404, json.dumps({"error": f"no {self.path}"}))

    def answer(self, make, kind="application/json"):
        token = self.server.token
        if token and self.headers.get("Authorization") != f"Bearer {token}":
            self.send(401, json.dumps({"error": "a token is needed"}))
            return
        try:
            with self.server.daemon.lock:
                made = make()
            self.send(200, made if isinstance(made, str) else json.dumps(made), kind)
        except Problem as problem:
            self.send(problem.status, json.dumps({"error": str(problem)}))

    def send(self, status, text, kind="application/json", headers=()):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class MockServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, daemon, token=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.daemon, self.token = daemon, token


def keep_moving(daemon, ended):
    while not ended.wait(TICK):
        with daemon.lock:
            daemon.advance(time.time())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scene", choices=["usual", "trouble", "empty"], default="usual")
    parser.add_argument("--token", help="ask for this token")
    parser.add_argument("--past", type=int, default=900, help="seconds of history to begin with")
    arguments = parser.parse_args()
    daemon = Daemon(arguments.scene, arguments.past)
    server = MockServer(arguments.port, daemon, arguments.token)
    ended = threading.Event()
    threading.Thread(target=keep_moving, args=(daemon, ended), daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    try:
        server.serve_forever(poll_interval=0.05)
    except KeyboardInterrupt:
        pass
    ended.set()
    server.server_close()


if __name__ == "__main__":
    main()
