"""Two bridged brokers; mosquitto_pub and mosquitto_sub; a fleet that subscribes, as many idle connections as the
descriptors of a process allow here, and a drain that sends them away one after another."""

import json
import resource
import signal
import socket
import struct
import time

from recipe_checks.testbed import PROGRAMS, accepts, wait_until

USER = "mosquitto"
LOGIN = ("-u", "device", "-P", "secret")
DEVICES = 300


class Broker:
    def __init__(self, bed, name, port, bridge_to=None):
        self.bed = bed
        self.name = name
        self.port = port
        passwords = bed.folder / "passwords"
        if not passwords.exists():
            bed.run("mosquitto_passwd", "-b", "-c", passwords, "device", "secret")
            passwords.chmod(0o644)
        config = bed.folder / f"{name}.conf"
        settings = [f"listener {port} 127.0.0.1", "allow_anonymous false", f"password_file {passwords}"]
        if bridge_to:
            # The lines of the page.
            settings += ["connection other", f"address 127.0.0.1:{bridge_to}", "topic # both 1"]
            settings += ["remote_username device", "remote_password secret"]
        config.write_text("\n".join(settings) + "\n")
        self.process = bed.start(name, "mosquitto", "-c", config, user=USER)
        wait_until(lambda: accepts(port), f"{name} accepts")


def check(bed):
    that = bed.count.that
    port = bed.ports()
    second = Broker(bed, "broker12", bed.ports())
    first = Broker(bed, "broker11", bed.ports(), bridge_to=second.port)
    weir = bed.weir(
        "mqtt",
        {
            "listeners.mqtt.bind": f"127.0.0.1:{port}",
            "upstreams.brokers.servers.0.address": f"127.0.0.1:{first.port}",
            "upstreams.brokers.servers.1.address": f"127.0.0.1:{second.port}",
            "upstreams.brokers.bind_source": "[127.0.0.1, 127.0.0.2]",
            # The file's five and four minutes are for a real fleet.
            "drain_timeout": "8s",
            "drain_spread": "6s",
        },
    )
    few = [line for line in weir.warnings if "descriptors suffice for" in line]
    that(weir.warnings == few, "weir check warns of nothing but this machine's descriptors", weir.warnings)
    weir.wait_for_states("brokers", {first.port: "up", second.port: "up"})
    refused = bed.run("mosquitto_pub", "-p", port, "-t", "fleet/all", "-m", "wake", expect=None)
    that(
        "not authorised" in refused.stderr,
        "brokers that let nobody in without a password are up all the same",
        refused,
    )

    hear = bed.start("subscriber", "mosquitto_sub", *LOGIN, "-p", port, "-t", "fleet/all", "-C", "1", "-q", "1")
    fleet = [Device(port, f"device-{number}") for number in range(DEVICES)]
    shares = [backend["active"] for backend in weir.upstream("brokers")["backends"]]
    that(min(shares) >= DEVICES // 2 - 5, "both brokers have their half of the fleet", shares)
    # Retained, so that it matters not who of bridge and subscriber is first.
    bed.run("mosquitto_pub", *LOGIN, "-p", port, "-t", "fleet/all", "-m", "wake", "-q", "1", "-r")
    hear.wait(20)
    that(bed.log("subscriber") == "wake\n", "mosquitto_sub hears mosquitto_pub through Weir", bed.log("subscriber"))
    heard = sum(device.hears(b"wake") for device in fleet)
    that(heard == DEVICES, "so does each device of the fleet, on either broker", heard)
    for device in fleet:
        device.close()

    idle(bed, weir, port)
    drain(bed, weir, port)


class Device:
    """An MQTT 3.1.1 client that subscribes to fleet/all at quality 0."""

    def __init__(self, port, name):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        body = b"\0\4MQTT\4\xc2" + struct.pack("!HH", 60, len(name)) + name.encode() + b"\0\6device\0\6secret"
        self.socket.sendall(bytes([0x10, len(body)]) + body + b"\x82\x0e\0\1\0\x09fleet/all\0")
        self.got = b""
        while len(self.got) < 9:  # CONNACK, SUBACK
            self.got += self.socket.recv(100)
        self.accepted = self.got.startswith(b"\x20\2\0\0")

    def hears(self, message):
        try:
            while message not in self.got:
                chunk = self.socket.recv(1000)
                if not chunk:
                    return False
                self.got += chunk
        except OSError:
            return False
        return self.accepted

    def close(self):
        self.socket.close()


def idle(bed, weir, port):
    """Each connection takes two descriptors of Weir."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(9500, (hard - 800) // 2)
    wait_until(lambda: weir.status()["connections"]["active"] == 0, "the fleet is gone")
    before = weir.status()["process"]["resident_bytes"]
    arguments = ("-c", wanted, "--connect-rate", "1500", "--quiet", "--max-ended", "0", f"127.0.0.1:{port}")
    load = bed.start("idle", PROGRAMS / "weir-load", "idle", *arguments)
    wait_until(
        lambda: weir.status()["connections"]["active"] == wanted or load.poll() is not None,
        f"{wanted} are connected",
        60,
    )
    status = weir.status()
    each = (status["process"]["resident_bytes"] - before) / wanted
    time.sleep(2)
    load.send_signal(signal.SIGINT)
    load.wait(60)
    bed.count.that(load.returncode == 0, f"{wanted:,} idle connections are held, and none is ended", bed.log("idle"))
    print(f"     {each:,.0f} bytes of Weir's memory each")
    bed.count.that(each < 4000, "each takes less than 4 KB of Weir's memory", each)


def drain(bed, weir, port):
    report = bed.folder / "drained.json"
    load = bed.start(
        "drained", PROGRAMS / "weir-load", "idle", "-c", "1000", "--quiet", "--json", report, f"127.0.0.1:{port}"
    )
    wait_until(lambda: weir.status()["connections"]["active"] == 1000, "1,000 are connected")
    time.sleep(1)  # a connection counts as idle once no byte has moved for a second
    weir.process.send_signal(signal.SIGTERM)
    load.wait(30)
    weir.process.wait(30)
    bed.count.that(weir.process.returncode == 0, "Weir drains", bed.log("weir")[-1000:])
    result = json.loads(report.read_text())
    bed.count.that(result["ends"]["fin"] == 1000, "and closes each idle connection in order", result["ends"])
    lifetimes = result["lifetimes"]
    print(f"     lifetimes: {lifetimes}")
    bed.count.that(
        lifetimes["min_s"] + 2 < lifetimes["p50_s"] < lifetimes["max_s"] - 2,
        "one after another over drain_spread",
        lifetimes,
    )
