"""The cluster's DNS is a dnsmasq here: pods come and go, by A records of a headless Service and by SRV records."""

import signal
import socket
import threading
import urllib.error
import urllib.request

from recipe_checks.testbed import wait_until


class Pod:
    """Says its name to whoever connects, and then what it hears."""

    def __init__(self, name, address, port):
        self.name = name
        self.listening = socket.create_server((address, port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client:
                client.sendall(self.name.encode() + b"\n")
                while data := client.recv(1000):
                    client.sendall(data)
        except OSError:
            pass


class ClusterDns:
    """What the pods' readiness makes of two headless Services."""

    def __init__(self, bed, port, pod_port):
        self.bed = bed
        self.pod_port = pod_port
        self.hosts = bed.folder / "hosts"
        self.records = bed.folder / "srv"
        self.port = port
        self.process = None

    def publish(self, pods, brokers):
        """Anew, because a dnsmasq that runs reads its hosts alone again; the answers hold for a second."""
        lines = [f"{address} postgresql.data.svc.cluster.local" for address in pods]
        lines += [f"{address} {name}.mosquitto.iot.svc.cluster.local" for name, address in brokers.items()]
        self.hosts.write_text("\n".join(lines) + "\n")
        if self.process:
            self.process.terminate()
            self.process.wait()
        self.process = self.bed.start(
            "dnsmasq",
            "dnsmasq",
            "--keep-in-foreground",
            "--no-resolv",
            "--no-hosts",
            "--conf-file=/dev/null",
            "--pid-file=",
            f"--addn-hosts={self.hosts}",
            f"--port={self.port}",
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--user=root",
            "--local-ttl=1",
            *[
                f"--srv-host=_mqtt._tcp.mosquitto.iot.svc.cluster.local,{name}.mosquitto.iot.svc.cluster.local,"
                f"{self.pod_port}"
                for name in brokers
            ],
        )


def check(bed):
    that = bed.count.that
    postgresql_port, mqtt_port, pod_port, dns_port = (bed.ports() for _ in range(4))
    dns = ClusterDns(bed, dns_port, pod_port)
    pods = {
        address: Pod(name, address, pod_port)
        for name, address in {
            "pg-0": "127.0.3.10",
            "pg-1": "127.0.3.11",
            "mq-0": "127.0.3.20",
            "mq-1": "127.0.3.21",
        }.items()
    }
    dns.publish(["127.0.3.10"], {"mq-0": "127.0.3.20"})
    weir = bed.weir(
        "kubernetes-ingress",
        {
            "listeners.postgresql.bind": f"127.0.0.1:{postgresql_port}",
            "listeners.mqtt.bind": f"127.0.0.1:{mqtt_port}",
            "upstreams.postgresql.servers.0.dns": f"postgresql.data.svc.cluster.local.:{pod_port}",
            "dns.servers": f"[127.0.0.1:{dns_port}]",
            # Seconds in place of tens.
            "drain_announce": "3s",
            "drain_timeout": "6s",
            "drain_spread": "2s",
        },
    )
    that(not weir.warnings, "weir check has no warning", weir.warnings)

    def home(port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            return client.makefile().readline().strip()

    that(home(postgresql_port) == "pg-0" and home(mqtt_port) == "mq-0", "each port leads to the pods of its Service")
    stays = socket.create_connection(("127.0.0.1", postgresql_port), timeout=10)
    stays.recv(10)
    dns.publish(["127.0.3.10", "127.0.3.11"], {"mq-0": "127.0.3.20", "mq-1": "127.0.3.21"})
    wait_until(lambda: {home(postgresql_port) for _ in range(2)} == {"pg-0", "pg-1"}, "a new pod gets connections")
    wait_until(lambda: {home(mqtt_port) for _ in range(2)} == {"mq-0", "mq-1"}, "a new pod of the SRV records, too")
    that(True, "a pod that becomes ready gets connections, without a reload")
    dns.publish(["127.0.3.11"], {"mq-1": "127.0.3.21"})
    wait_until(lambda: {home(postgresql_port) for _ in range(3)} == {"pg-1"}, "a pod that left gets no connections")
    stays.sendall(b"still here\n")
    that(stays.recv(100) == b"still here\n", "a pod that leaves gets none, and keeps those that it has")

    that(probe(weir, "/healthz") == 200 and probe(weir, "/readyz") == 200, "the probes answer 200")
    weir.process.send_signal(signal.SIGTERM)
    wait_until(lambda: probe(weir, "/readyz") == 503, "the readiness probe fails")
    that(home(postgresql_port) == "pg-1", "from SIGTERM on it answers 503, and newcomers are still served")
    weir.process.wait(30)
    log = bed.log("weir")
    that(weir.process.returncode == 0 and "0 were cut" in log, "then it drains, and cuts nobody", log[-1000:])
    stays.close()
    for pod in pods.values():
        pod.listening.close()


def probe(weir, path):
    try:
        with urllib.request.urlopen(f"http://{weir.admin}{path}", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
