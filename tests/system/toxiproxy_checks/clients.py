"""What the clients of Toxiproxy in Go, Ruby, Python and Java send, byte for byte as far as a server can tell, and what
their own tests expect to get back. Each check is a function of a Site; it raises where something does not hold."""
import http.client
import json
import socket
import time

WAIT = 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def is_up(listen):
    try:
        socket.create_connection(address(listen), timeout=WAIT).close()
        return True
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        return True  # somebody accepted, and had no server to go on to


def expect(wanted, found):
    if wanted != found:
        raise AssertionError(f"expected {wanted!r}, got {found!r}")


class Failure(Exception):
    """An answer that is no success."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status = status
        self.text = body["error"] if isinstance(body, dict) else body


class Client:
    """Sends requests with the headers of one of the clients, over one connection as they do."""

    def __init__(self, site, headers):
        self.site = site
        self.headers = headers
        self.connection = http.client.HTTPConnection("127.0.0.1", site.api_port, timeout=WAIT)

    def call(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body) if not isinstance(body, str) else body
        self.connection.request(method, path, body=data, headers={**self.headers, **(headers or {})})
        reply = self.connection.getresponse()
        text = reply.read().decode()
        self.reply = reply
        try:
            value = json.loads(text) if text else None
        except ValueError:
            value = text
        if not 200 <= reply.status < 300:
            raise Failure(reply.status, value)
        return value

    def refused(self, status, text, *call):
        try:
            self.call(*call)
        except Failure as failure:
            expect((status, text), (failure.status, failure.text))
        else:
            raise AssertionError(f"{call} was not refused")


def go(site):
    return Client(site, {"User-Agent": "toxiproxy-cli/2.12.0 (linux/amd64)", "Content-Type": "application/json",
                         "Accept-Encoding": "gzip"})


def ruby(site):
    return Client(site, {"User-Agent": "Ruby", "Accept": "*/*",
                         "Accept-Encoding": "gzip;q=1.0,deflate;q=0.6,identity;q=0.3"})


def python(site):
    return Client(site, {"User-Agent": "python-requests/2.31.0", "Accept": "*/*", "Content-Type": "application/json"})


def java(site):
    return Client(site, {"User-Agent": "Java/17.0.9", "Accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
                         "Content-Type": "application/x-www-form-urlencoded"})


def go_proxy(name, listen, upstream, enabled=True):
    return {"name": name, "listen": listen, "upstream": upstream, "enabled": enabled, "toxics": None}


def go_toxic(name, kind, stream="downstream", toxicity=1, attributes=None):
    toxic = {"name": name, "type": kind, "toxicity": toxicity, "attributes": attributes}
    return {**toxic, "stream": stream} if stream else toxic


# Go: the server's own tests, which use its client.

def go_knows_no_proxies_at_first(site):
    expect({}, go(site).call("GET", "/proxies"))


def go_names_what_is_missing(site):
    client = go(site)
    client.refused(400, "missing required field: name", "POST", "/proxies", go_proxy("", "", ""))
    client.refused(400, "missing required field: upstream", "POST", "/proxies", go_proxy("test", "", ""))


def go_lists_a_proxy_where_it_listens(site):
    client, port = go(site), free_port()
    client.call("POST", "/proxies", go_proxy("mysql_master", f"localhost:{port}", "localhost:20001"))
    expect(201, client.reply.status)
    shown = {"name": "mysql_master", "listen": f"127.0.0.1:{port}", "upstream": "localhost:20001", "enabled": True,
             "toxics": []}
    expect({"mysql_master": shown}, client.call("GET", "/proxies"))
    expect(shown, client.call("GET", "/proxies/mysql_master"))
    expect(True, is_up(shown["listen"]))


def go_makes_a_disabled_proxy_and_enables_it(site):
    client, port = go(site), free_port()
    made = client.call("POST", "/proxies", go_proxy("mysql_master", f"localhost:{port}", "localhost:20001", False))
    expect((f"localhost:{port}", False), (made["listen"], made["enabled"]))
    expect(False, is_up(f"127.0.0.1:{port}"))
    made = client.call("POST", "/proxies/mysql_master", {**made, "enabled": True})
    expect(True, is_up(made["listen"]))
    made = client.call("POST", "/proxies/mysql_master", {**made, "enabled": False})
    expect(False, is_up(made["listen"]))


def go_removes_a_proxy(site):
    client = go(site)
    made = client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))
    expect(True, is_up(made["listen"]))
    client.call("DELETE", "/proxies/mysql_master")
    expect(204, client.reply.status)
    expect(False, is_up(made["listen"]))
    client.refused(404, "proxy not found", "DELETE", "/proxies/mysql_master")


def go_learns_of_conflicts(site):
    client = go(site)
    listen = client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))["listen"]
    client.refused(500, f"listen tcp {listen}: bind: address already in use", "POST", "/proxies",
                   go_proxy("test", listen.replace("127.0.0.1", "localhost"), "localhost:20001"))
    client.refused(409, "proxy already exists", "POST", "/proxies", go_proxy("mysql_master", "localhost:0", "a:1"))
    client.call("DELETE", "/proxies/mysql_master")
    client.call("POST", "/proxies", go_proxy("test", listen, "localhost:20001"))


def go_populates(site):
    client, ports = go(site), [free_port() for _ in range(3)]
    wanted = [go_proxy(name, f"localhost:{port}", "localhost:7171") for name, port in zip(("one", "two"), ports)]
    made = client.call("POST", "/populate", wanted)["proxies"]
    expect(201, client.reply.status)
    expect(["one", "two"], [proxy["name"] for proxy in made])
    expect([True, True], [is_up(proxy["listen"]) for proxy in made])
    client.call("POST", "/proxies/one/toxics", go_toxic("", "latency"))
    wanted[0]["listen"] = f"127.0.0.1:{ports[0]}"
    wanted[1] = go_proxy("two", f"127.0.0.1:{ports[2]}", "localhost:7676")
    made = client.call("POST", "/populate", wanted)["proxies"]
    expect([f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[2]}"], [proxy["listen"] for proxy in made])
    expect(["latency"], [toxic["type"] for toxic in client.call("GET", "/proxies/one/toxics")])
    expect([True, True], [is_up(proxy["listen"]) for proxy in made])


def go_populates_with_defaults_and_disabled_ones(site):
    client, port = go(site), free_port()
    made = client.call("POST", "/populate", [
        {"name": "test", "listen": "localhost:0", "upstream": "localhost:7171"},
        go_proxy("closed", f"localhost:{port}", "localhost:7171", False)])["proxies"]
    expect([True, False], [proxy["enabled"] for proxy in made])
    expect(True, is_up(made[0]["listen"]))
    expect(False, is_up(f"127.0.0.1:{port}"))


def go_populates_nothing_wrong(site):
    client = go(site)
    client.refused(400, "missing required field: name at proxy 2", "POST", "/populate",
                   [go_proxy("one", "localhost:0", "localhost:7171"), go_proxy("", "", "")])
    expect({}, client.call("GET", "/proxies"))
    try:
        client.call("POST", "/populate", [go_proxy("one", "localhost:0", "localhost:7171"),
                                          go_proxy("two", "local373", "localhost:7474"),
                                          go_proxy("three", "localhost:0", "localhost:7676")])
    except Failure:
        pass
    expect(["one"], list(client.call("GET", "/proxies")))


def go_resets(site):
    client = go(site)
    made = client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))
    client.call("POST", "/proxies/mysql_master/toxics", go_toxic("", "latency", attributes={"latency": 100}))
    client.call("POST", "/proxies/mysql_master", {**made, "enabled": False})
    client.call("POST", "/reset", "")
    proxy = client.call("GET", "/proxies")["mysql_master"]
    expect((True, []), (proxy["enabled"], proxy["toxics"]))
    expect(True, is_up(proxy["listen"]))


def go_adds_toxics(site):
    client, path = go(site), "/proxies/mysql_master/toxics"
    client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))
    expect([], client.call("GET", path))
    added = client.call("POST", path, go_toxic("foobar", "latency", toxicity=0.2,
                                               attributes={"latency": 100, "jitter": 10}))
    expect(200, client.reply.status)
    expect({"name": "foobar", "type": "latency", "stream": "downstream", "toxicity": 0.2,
            "attributes": {"latency": 100, "jitter": 10}}, added)
    expect([added], client.call("GET", path))
    client.refused(409, "toxic already exists", "POST", path, go_toxic("foobar", "slow_close"))
    client.refused(409, "toxic already exists", "POST", path, go_toxic("foobar", "latency", "upstream"))
    expect([added], client.call("GET", path))


def go_names_toxics_by_type_and_stream(site):
    client, path = go(site), "/proxies/mysql_master/toxics"
    client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))
    for stream in ("upstream", "downstream"):
        client.call("POST", path, go_toxic("", "latency", stream))
    expect(["latency_upstream", "latency_downstream"], [toxic["name"] for toxic in client.call("GET", path)])
    expect([{"latency": 0, "jitter": 0}] * 2, [toxic["attributes"] for toxic in client.call("GET", path)])


def go_adds_one_that_does_nothing(site):
    client, path = go(site), "/proxies/mysql_master/toxics"
    client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))
    expect({"name": "foobar", "type": "noop", "stream": "downstream", "toxicity": 1, "attributes": {}},
           client.call("POST", path, go_toxic("foobar", "noop", "")))


def go_changes_toxics(site):
    client, path = go(site), "/proxies/mysql_master/toxics"
    client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))
    client.call("POST", path, go_toxic("", "latency", attributes={"latency": 100, "jitter": 10}))
    one = f"{path}/latency_downstream"
    changed = client.call("PATCH", one, {"attributes": {"latency": 1000}, "toxicity": 0.5})
    expect((0.5, {"latency": 1000, "jitter": 10}), (changed["toxicity"], changed["attributes"]))
    changed = client.call("PATCH", one, {"attributes": {"latency": 500}})
    expect((0.5, {"latency": 500, "jitter": 10}), (changed["toxicity"], changed["attributes"]))
    expect(changed, client.call("GET", one))


def go_removes_toxics(site):
    client, path = go(site), "/proxies/mysql_master/toxics"
    client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))
    client.call("POST", path, go_toxic("", "latency"))
    client.call("DELETE", f"{path}/latency_downstream")
    expect([], client.call("GET", path))


def go_learns_what_is_no_toxic(site):
    client, path = go(site), "/proxies/mysql_master/toxics"
    client.call("POST", "/proxies", go_proxy("mysql_master", "localhost:0", "localhost:20001"))
    client.refused(400, "stream was invalid, can be either upstream or downstream", "POST", path,
                   go_toxic("", "latency", "walrustream"))
    client.refused(400, "invalid toxic type", "POST", path, go_toxic("", "walrus"))


def go_reads_the_version(site):
    client = go(site)
    version = client.call("GET", "/version")["version"]
    expect(("2", 3), (version[0], len(version.split("."))))
    expect("application/json;charset=utf-8", client.reply.getheader("Content-Type"))
    expect(True, client.reply.getheader("X-Toxiproxy-Request-Id") is not None)


def go_is_no_browser(site):
    Client(site, {"User-Agent": "Wget/2.1"}).call("GET", "/proxies")
    browser = Client(site, {"User-Agent": "Mozilla/5.0 (Linux; Android 4.4.2) Chrome/33.0.1750.117"})
    browser.refused(403, "User agent not allowed\n", "GET", "/proxies")


# Ruby

def ruby_make(client, name, upstream):
    return client.call("POST", "/proxies", {"upstream": upstream, "name": name, "listen": "localhost:0",
                                            "enabled": None})


def ruby_enable(client, name, enabled):
    major, minor, _ = map(int, client.call("GET", "/version")["version"].split("."))
    return client.call("PATCH" if (major, minor) >= (2, 6) else "POST", f"/proxies/{name}", {"enabled": enabled})


def ruby_finds_what_it_has_made(site):
    client = ruby(site)
    ruby_make(client, "test_mysql_master", "localhost:3306")
    found = client.call("GET", "/proxies")["test_mysql_master"]
    expect(("localhost:3306", True), (found["upstream"], found["enabled"]))


def ruby_takes_a_proxy_down_and_up(site):
    client = ruby(site)
    made = ruby_make(client, "test_rubby_server", site.echo)
    client.call("POST", "/proxies/test_rubby_server/toxics",
                {"name": "latency_downstream", "type": "latency", "stream": "downstream", "toxicity": 1.0,
                 "attributes": {"latency": 123}})
    for _ in range(3):
        ruby_enable(client, "test_rubby_server", False)
        expect(False, is_up(made["listen"]))
        ruby_enable(client, "test_rubby_server", True)
        expect(True, is_up(made["listen"]))
    again = client.call("GET", "/proxies")["test_rubby_server"]
    expect(made["listen"], again["listen"])
    expect([123], [toxic["attributes"]["latency"] for toxic in again["toxics"]])


def ruby_populates_elsewhere(site):
    client, ports = ruby(site), [free_port(), free_port()]
    for port, upstream in ((ports[0], 3306), (ports[1], 3306), (ports[1], 3307)):
        made = client.call("POST", "/populate", [{"name": "test_toxiproxy_populate1", "upstream": f"localhost:{upstream}",
                                                  "listen": f"localhost:{port}"}])["proxies"][0]
        expect((f"127.0.0.1:{port}", f"localhost:{upstream}"), (made["listen"], made["upstream"]))
        expect(True, is_up(made["listen"]))


def round_trip(listen):
    with socket.create_connection(address(listen), timeout=WAIT) as peer:
        begin = time.monotonic()
        peer.sendall(b"omg\n")
        expect(b"omg\n", peer.recv(16))
        return time.monotonic() - begin


def ruby_feels_latency(site):
    client = ruby(site)
    listen = ruby_make(client, "test_proxy", site.echo)["listen"]

    def add(name, stream):
        client.call("POST", "/proxies/test_proxy/toxics", {"name": name, "type": "latency", "stream": stream,
                                                           "toxicity": 1.0, "attributes": {"latency": 100}})

    def took(least):
        seconds = min(round_trip(listen) for _ in range(3))
        expect(True, least <= seconds < least + 0.1 or f"{seconds} s")

    took(0)
    add("latency_upstream", "upstream")
    took(0.1)
    add("latency_downstream", "downstream")
    took(0.2)
    client.call("DELETE", "/proxies/test_proxy/toxics/latency_upstream")
    took(0.1)
    add("second_latency_downstream", "downstream")
    took(0.2)
    client.call("POST", "/reset")
    took(0)


# Python

def python_needs_no_address(site):
    client = python(site)
    made = client.call("POST", "/proxies", {"upstream": site.echo, "name": "test_mysql_master"})
    host, port = made["listen"].split(":")
    expect(True, is_up(f"{host}:{port}"))
    made = client.call("POST", "/proxies/test_mysql_master", {"enabled": False})
    expect((False, f"{host}:{port}"), (made["enabled"], made["listen"]))
    expect(True, client.call("POST", "/proxies/test_mysql_master", {"enabled": True})["enabled"])


def python_makes_a_disabled_proxy(site):
    client = python(site)
    made = client.call("POST", "/proxies", {"upstream": "localhost:3306", "name": "test_mysql_master",
                                            "listen": "127.0.0.1:43215", "enabled": False})
    expect(("test_mysql_master", "localhost:3306", "127.0.0.1:43215", False),
           (made["name"], made["upstream"], made["listen"], made["enabled"]))


def python_resets(site):
    client = python(site)
    made = client.call("POST", "/proxies", {"upstream": site.echo, "name": "test_rubby_server"})
    client.call("POST", "/proxies/test_rubby_server", {"enabled": False})
    expect(False, is_up(made["listen"]))
    client.call("POST", "/proxies/test_rubby_server/toxics", {"type": "latency", "attributes": {"latency": 123}})
    client.call("POST", "/reset")
    expect(True, is_up(made["listen"]))
    expect([], client.call("GET", "/proxies/test_rubby_server/toxics"))


# Java, and Testcontainers above it

def java_make(client, name, upstream, listen="127.0.0.1:0"):
    return client.call("POST", "/proxies", {"name": name, "listen": listen, "upstream": upstream})


def java_lists_by_name(site):
    client = java(site)
    for i in (2, 0, 1):
        java_make(client, f"test-proxy{i}", f"localhost:{i + 6379}")
    expect([f"test-proxy{i}" for i in range(3)], list(client.call("GET", "/proxies")))


def java_reads_errors(site):
    client = java(site)
    java_make(client, "test-proxy", "localhost:6379")
    client.refused(409, "proxy already exists", "POST", "/proxies",
                   {"name": "test-proxy", "listen": "127.0.0.1:0", "upstream": "localhost:6379"})
    expect("application/json", client.reply.getheader("Content-Type"))
    client.refused(404, "proxy not found", "GET", "/proxies/invalid-proxy")


def java_changes_one_attribute_after_the_other(site):
    client, path = java(site), "/proxies/test-proxy/toxics"
    java_make(client, "test-proxy", "localhost:6379")
    kinds = {"bandwidth": {"rate": 100}, "latency": {"latency": 100, "jitter": 0}, "slow_close": {"delay": 100},
             "timeout": {"timeout": 100}, "slicer": {"average_size": 100, "size_variation": 0, "delay": 10},
             "limit_data": {"bytes": 100}, "reset_peer": {"timeout": 100}}
    for kind, attributes in kinds.items():
        toxic = client.call("POST", path, {"name": f"my-{kind}", "stream": "upstream", "type": kind,
                                           "attributes": attributes})
        expect((1, "upstream", attributes), (toxic["toxicity"], toxic["stream"], toxic["attributes"]))
        for attribute in attributes:
            changed = client.call("POST", f"{path}/my-{kind}", {"attributes": {attribute: 20}})
            expect(20, changed["attributes"][attribute])
        expect(0.1, client.call("POST", f"{path}/my-{kind}", {"toxicity": 0.1})["toxicity"])
    expect(len(kinds), len(client.call("GET", path)))
    for kind in kinds:
        client.call("DELETE", f"{path}/my-{kind}", "")
    expect([], client.call("GET", path))


def java_cuts_connections_as_testcontainers_does(site):
    client, path = java(site), "/proxies/test-proxy/toxics"
    listen = java_make(client, "test-proxy", site.echo)["listen"]
    with socket.create_connection(address(listen), timeout=WAIT) as peer:
        peer.sendall(b"one")
        expect(b"one", peer.recv(16))
        for stream in ("downstream", "upstream"):
            client.call("POST", path, {"name": f"CUT_CONNECTION_{stream.upper()}", "type": "bandwidth", "stream": stream,
                                       "attributes": {"rate": 0}})
        peer.sendall(b"two")
        peer.settimeout(0.3)
        try:
            raise AssertionError(f"{peer.recv(16)} came through")
        except TimeoutError:
            pass
        peer.settimeout(WAIT)
        for stream in ("DOWNSTREAM", "UPSTREAM"):
            client.call("DELETE", f"{path}/CUT_CONNECTION_{stream}", "")
        expect(b"two", peer.recv(16))


# What toxics do to connections, by the clients' documentation.

def end_of(peer):
    """What came, and how it ended."""
    came = b""
    try:
        while data := peer.recv(65536):
            came += data
        return came, "fin"
    except ConnectionResetError:
        return came, "reset"


def toxics_end_connections(site):
    client, path = go(site), "/proxies/ends/toxics"
    listen = client.call("POST", "/proxies", go_proxy("ends", "localhost:0", site.echo))["listen"]
    for toxic, sent, wanted in (
            (go_toxic("t", "limit_data", attributes={"bytes": 5}), b"0123456789", (b"01234", "fin")),
            (go_toxic("t", "timeout", attributes={"timeout": 50}), b"0123456789", (b"", "fin")),
            (go_toxic("t", "reset_peer", attributes={"timeout": 50}), b"", (b"", "reset"))):
        client.call("POST", path, toxic)
        with socket.create_connection(address(listen), timeout=WAIT) as peer:
            peer.sendall(sent)
            expect((toxic["type"], wanted), (toxic["type"], end_of(peer)))
        client.call("DELETE", f"{path}/t")


def a_timeout_that_is_removed_ends_its_connections(site):
    client, path = go(site), "/proxies/ends/toxics"
    listen = client.call("POST", "/proxies", go_proxy("ends", "localhost:0", site.echo))["listen"]
    client.call("POST", path, go_toxic("t", "timeout", attributes={"timeout": 0}))
    with socket.create_connection(address(listen), timeout=WAIT) as peer:
        peer.sendall(b"lost")
        peer.settimeout(0.3)
        try:
            raise AssertionError(f"{peer.recv(16)} came through")
        except TimeoutError:
            pass
        peer.settimeout(WAIT)
        client.call("DELETE", f"{path}/t")
        expect(b"", end_of(peer)[0])
    expect(True, round_trip(listen) < WAIT)


def a_toxicity_of_nothing_does_nothing(site):
    client, path = go(site), "/proxies/spared/toxics"
    listen = client.call("POST", "/proxies", go_proxy("spared", "localhost:0", site.echo))["listen"]
    client.call("POST", path, go_toxic("", "reset_peer", toxicity=0))
    for _ in range(20):
        round_trip(listen)


CHECKS = [value for name, value in list(globals().items())
          if callable(value) and value.__module__ == __name__ and not isinstance(value, type) and
          name.split("_")[0] in ("go", "ruby", "python", "java", "toxics", "a") and "_" in name and
          name not in ("go_proxy", "go_toxic", "ruby_make", "ruby_enable", "java_make")]
