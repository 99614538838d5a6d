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
DEVICES = 300


class Broker:
    def __init__(self, bed, name, port, bridge_to=None):
        self.bed = bed
        self.name = name
        self.port = port
        config = bed.folder / f"{name}.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 1000\n"
            + (
                f"connection other\naddress 127.0.0.1:{bridge_to}\ntopic # both 1\nremote_clientid {name}\n"
                if bridge_to
                else ""
            )
        )
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
            "drain_timeout": "12s",
            "drain_spread": "8s",
        },
    )
    few = [line for line in weir.warnings if "descriptors last for" in line]
    that(weir.warnings == few, "weir check warns of nothing but this machine's descriptors", weir.warnings)
    weir.wait_for_states("brokers", {first.port: "up", second.port: "up"})

    hear = bed.start("subscriber", "mosquitto_sub", "-p", port, "-t", "fleet/all", "-C", "1", "-q", "1")
    fleet = [Device(port, f"device-{number}") for number in range(DEVICES)]
    shares = [backend["active"] for backend in weir.upstream("brokers")["backends"]]
    that(min(shares) >= DEVICES // 2 - 5, "both brokers have their half of the fleet", shares)
    bed.run("mosquitto_pub", "-p", port, "-t", "fleet/all", "-m", "wake", "-q", "1")
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
        body = b"\0\4MQTT\4\2" + struct.pack("!HH", 60, len(name)) + name.encode()
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
    load = bed.start(
        "idle",
        PROGRAMS / "weir-load",
        "idle",
        "-c",
        wanted,
        "--connect-rate",
        "1500",
        "-d",
        "15s",
        "--quiet",
        "--max-ended",
        "0",
        f"127.0.0.1:{port}",
    )
    wait_until(
        lambda: weir.status()["connections"]["active"] == wanted or load.poll() is not None,
        f"{wanted} are connected",
        60,
    )
    status = weir.status()
    each = (status["process"]["resident_bytes"] - before) / wanted
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
