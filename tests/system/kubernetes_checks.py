"""What must hold of the manifests in deploy/kubernetes; tests/system/kubernetes says what is left out where."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "deploy" / "kubernetes"
KUBERNETES_MODELS = "kubernetes-models@5.1.0"
# What a log may take at the exit, and the end of the process itself.
RESERVE_SECONDS = 6

weir = "build/release/bin/weir"


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def old_kubectl():
    """Whether a kustomization may consist of files alone (kubectl before 1.21)."""
    version = json.loads(run("kubectl", "version", "--client", "--output=json").stdout)["clientVersion"]
    return (int(version["major"]), int(re.sub(r"\D", "", version["minor"]))) < (1, 21)


OLD_KUBECTL = old_kubectl()


def render(folder):
    if OLD_KUBECTL and folder in ("", "with-monitoring"):
        raise unittest.SkipTest(f"this kubectl is too old for {MANIFESTS / folder}")
    rendered = run("kubectl", "kustomize", str(MANIFESTS / folder))
    if rendered.returncode != 0 or rendered.stderr:
        raise AssertionError(f"kubectl kustomize {MANIFESTS / folder}: {rendered.stderr}")
    return list(yaml.safe_load_all(rendered.stdout))


def find(objects, kind, name="weir"):
    found = [item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name]
    if len(found) != 1:
        raise AssertionError(f"there are {len(found)} of {kind} {name}")
    return found[0]


def pods(objects):
    return [(item["metadata"]["name"], item["spec"]["template"]) for item in objects if "template" in item.get("spec", {})]


def seconds(text):
    factors = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
    parts = re.findall(r"(\d+)(ms|s|m|h)", str(text))
    if "".join(number + unit for number, unit in parts) != str(text):
        raise AssertionError(f"{text} is no duration")
    return sum(int(number) * factors[unit] for number, unit in parts)


def settings(container):
    """The --set of a container's command line."""
    args = container["args"]
    return [args[at + 1] for at, arg in enumerate(args) if arg == "--set"]


def effective_config(objects, folder):
    """As the container of the Deployment weir has it: its ConfigMap, and what its command line sets."""
    container = find(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    path = pathlib.Path(folder) / "weir.yaml"
    path.write_text(find(objects, "ConfigMap")["data"]["weir.yaml"], encoding="utf-8")
    options = [word for setting in settings(container) for word in ("--set", setting)]
    dumped = run(weir, "config", str(path), *options)
    if dumped.returncode != 0:
        raise AssertionError(dumped.stderr)
    return yaml.safe_load(dumped.stdout)


def pre_stop_seconds(container):
    hook = container.get("lifecycle", {}).get("preStop")
    if hook is None:
        return 0
    if list(hook) != ["sleep"]:
        raise AssertionError("nobody knows how long this preStop takes: " + json.dumps(hook))
    return hook["sleep"]["seconds"]


class Rendered(unittest.TestCase):
    """Each of the folders that a person may apply."""

    folder = None
    kinds = ()

    @classmethod
    def setUpClass(cls):
        if cls.folder is None:
            raise unittest.SkipTest("what the folders have in common")
        cls.objects = render(cls.folder)

    def test_it_has_what_it_should_have(self):
        self.assertEqual(
            sorted((item["kind"], item["metadata"]["name"]) for item in self.objects), sorted(self.kinds))

    def test_no_image_floats(self):
        for name, pod in pods(self.objects):
            for container in pod["spec"]["containers"]:
                self.assertRegex(container["image"], r"^registry\.example\.org/weir:\d+\.\d+\.\d+$", name)

    def test_pods_pass_the_rules_of_restricted(self):
        # kubernetes.io, "Pod Security Standards", all rules of `baseline` and `restricted` that these pods could break.
        for name, pod in pods(self.objects):
            spec = pod["spec"]
            with self.subTest(name):
                for key in ("hostNetwork", "hostPID", "hostIPC"):
                    self.assertFalse(spec.get(key, False))
                self.assertIs(spec["securityContext"]["runAsNonRoot"], True)
                self.assertGreater(spec["securityContext"]["runAsUser"], 0)
                self.assertEqual(spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault")
                self.assertNotIn("sysctls", spec["securityContext"])
                for volume in spec.get("volumes", []):
                    kinds = set(volume) - {"name"}
                    self.assertLessEqual(kinds, {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
                                                 "persistentVolumeClaim", "projected", "secret"})
                for container in spec["containers"] + spec.get("initContainers", []):
                    security = container["securityContext"]
                    self.assertIs(security["allowPrivilegeEscalation"], False)
                    self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
                    self.assertLessEqual(set(security), {"allowPrivilegeEscalation", "capabilities",
                                                         "readOnlyRootFilesystem"})
                    for port in container.get("ports", []):
                        self.assertNotIn("hostPort", port)

    def test_pods_have_no_more_than_they_need(self):
        for name, pod in pods(self.objects):
            with self.subTest(name):
                self.assertIs(pod["spec"]["automountServiceAccountToken"], False)
                self.assertIs(pod["spec"]["enableServiceLinks"], False)
                for container in pod["spec"]["containers"]:
                    self.assertIs(container["securityContext"]["readOnlyRootFilesystem"], True)
                    for bound in ("requests", "limits"):
                        self.assertEqual(set(container["resources"][bound]), {"cpu", "memory"})

    def test_they_have_the_form_that_kubernetes_asks_for(self):
        if MODELS is None:
            self.skipTest(f"npm could not fetch {KUBERNETES_MODELS}")
        judged = run("node", str(ROOT / "tests/system/kubernetes_schema.mjs"), MODELS, input=json.dumps(self.objects))
        self.assertEqual((judged.returncode, judged.stdout), (0, ""), judged.stderr)

    def test_names_stand_for_something(self):
        templates = {name: pod["metadata"]["labels"] for name, pod in pods(self.objects)}
        for item in self.objects:
            if item["kind"] == "Deployment":
                self.assertEqual(item["spec"]["selector"]["matchLabels"], templates[item["metadata"]["name"]])
            if item["kind"] == "PodDisruptionBudget":
                self.assertIn(item["spec"]["selector"]["matchLabels"], templates.values())
            if item["kind"] == "HorizontalPodAutoscaler":
                self.assertIn(item["spec"]["scaleTargetRef"]["name"], templates)
            if item["kind"] == "NetworkPolicy" and item["metadata"]["name"] in templates:
                self.assertEqual(item["spec"]["podSelector"]["matchLabels"], templates[item["metadata"]["name"]])


class WithWeir(Rendered):
    """Those in which weir serves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls is WithWeir:
            return
        cls.pod = find(cls.objects, "Deployment")["spec"]["template"]["spec"]
        cls.container = cls.pod["containers"][0]
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.config = effective_config(cls.objects, cls.temporary.name)

    def listener_port(self):
        bind, = self.config["listeners"][0]["bind"]
        return int(bind.rpartition(":")[2])

    def admin_port(self):
        return int(self.config["admin"]["bind"].rpartition(":")[2])

    def test_weir_finds_nothing_wrong_with_its_configuration(self):
        path = pathlib.Path(self.temporary.name) / "checked.yaml"
        path.write_text(find(self.objects, "ConfigMap")["data"]["weir.yaml"], encoding="utf-8")
        checked = run(weir, "check", str(path))
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.assertNotIn("warning", checked.stdout)

    def test_a_drain_ends_before_the_pod_is_killed(self):
        grace = self.pod["terminationGracePeriodSeconds"]
        needed = (pre_stop_seconds(self.container) + seconds(self.config["drain_announce"])
                  + seconds(self.config["drain_timeout"]) + RESERVE_SECONDS)
        self.assertLessEqual(needed, grace)
        self.assertLess(grace, needed + 30, "a pod that hangs should not hang for much longer than a drain takes")
        self.assertLessEqual(seconds(self.config["drain_spread"]), seconds(self.config["drain_timeout"]))

    def test_a_drain_is_announced_until_the_pod_is_not_ready(self):
        probe = self.container["readinessProbe"]
        self.assertGreaterEqual(
            seconds(self.config["drain_announce"]), probe["periodSeconds"] * probe["failureThreshold"])

    def test_probes_ask_where_the_admin_endpoint_is(self):
        for probe, path in (("startupProbe", "readyz"), ("readinessProbe", "readyz"), ("livenessProbe", "healthz")):
            with self.subTest(probe):
                self.assertEqual(self.container[probe]["exec"]["command"],
                                 ["weir", "healthcheck", f"http://127.0.0.1:{self.admin_port()}/{path}"])
                # healthcheck itself waits for 2 s.
                self.assertGreater(self.container[probe]["timeoutSeconds"], 2)

    def test_the_config_map_is_where_weir_looks_and_keeps_its_name(self):
        self.assertEqual(self.container["args"][:3], ["run", "--watch", "/etc/weir/weir.yaml"])
        mount, = self.container["volumeMounts"]
        self.assertEqual(mount["mountPath"], "/etc/weir")
        self.assertNotIn("subPath", mount)
        volume, = self.pod["volumes"]
        self.assertEqual(volume, {"name": mount["name"], "configMap": {"name": "weir"}})

    def test_there_are_as_many_workers_as_processors(self):
        self.assertEqual(str(self.config["workers"]), self.container["resources"]["limits"]["cpu"])

    def test_the_service_leads_to_the_listener(self):
        service = find(self.objects, "Service")["spec"]
        port, = service["ports"]
        target, = [entry for entry in self.container["ports"] if entry["name"] == port["targetPort"]]
        self.assertEqual(target["containerPort"], self.listener_port())
        self.assertEqual(port["port"], self.listener_port())
        self.assertTrue(self.config["listeners"][0]["bind"][0].startswith(":"), "other pods must reach it")

    def test_the_upstream_is_the_headless_service(self):
        service = find(self.objects, "Service", "weir-backend")
        self.assertEqual(service["spec"]["clusterIP"], "None")
        server, = self.config["upstreams"][0]["servers"]
        port = service["spec"]["ports"][0]["port"]
        self.assertEqual(server["dns"], f"weir-backend.default.svc.cluster.local:{port}")

    def test_the_network_lets_through_what_is_needed_and_no_more(self):
        policy = find(self.objects, "NetworkPolicy")["spec"]
        self.assertEqual(sorted(policy["policyTypes"]), ["Egress", "Ingress"])
        self.assertEqual(policy["ingress"], [{"ports": [{"port": self.listener_port()}]}])
        backend = find(self.objects, "Service", "weir-backend")["spec"]
        to_backends, to_resolver = policy["egress"]
        self.assertEqual(to_backends["to"], [{"podSelector": {"matchLabels": backend["selector"]}}])
        self.assertEqual([entry["port"] for entry in to_backends["ports"]], [backend["ports"][0]["port"]])
        self.assertEqual(sorted(entry["protocol"] for entry in to_resolver["ports"]), ["TCP", "UDP"])

    def test_newcomers_are_served_while_pods_are_replaced(self):
        rolling = find(self.objects, "Deployment")["spec"]["strategy"]["rollingUpdate"]
        self.assertEqual(rolling, {"maxSurge": 1, "maxUnavailable": 0})
        self.assertEqual(find(self.objects, "PodDisruptionBudget")["spec"]["maxUnavailable"], 1)


BASE = [("ConfigMap", "weir"), ("Deployment", "weir"), ("NetworkPolicy", "weir"), ("PodDisruptionBudget", "weir"),
        ("Service", "weir"), ("Service", "weir-backend")]
BACKEND = [("Deployment", "weir-backend"), ("NetworkPolicy", "weir-backend")]


class AdminIsClosed:
    def test_no_other_pod_reaches_the_admin_endpoint(self):
        self.assertTrue(self.config["admin"]["bind"].startswith("127.0.0.1:"))
        for item in self.objects:
            if item["kind"] == "NetworkPolicy":
                for rule in item["spec"]["ingress"]:
                    self.assertTrue(rule["ports"], "no ports are all ports")
                    self.assertNotIn(self.admin_port(), [port["port"] for port in rule["ports"]])


class Base(WithWeir, AdminIsClosed):
    folder = "base"
    kinds = BASE


class Everything(WithWeir, AdminIsClosed):
    folder = ""
    kinds = BASE + BACKEND


class ExampleBackend(Rendered):
    folder = "example-backend"
    kinds = BACKEND

    def test_a_drain_ends_before_the_pod_is_killed(self):
        spec = find(self.objects, "Deployment", "weir-backend")["spec"]["template"]["spec"]
        container = spec["containers"][0]
        reference = yaml.safe_load((ROOT / "config/reference.yaml").read_text(encoding="utf-8"))
        times = {key: reference[key] for key in ("drain_announce", "drain_timeout")}
        times.update(setting.split("=", 1) for setting in settings(container) if setting.split("=")[0] in times)
        needed = pre_stop_seconds(container) + sum(map(seconds, times.values())) + RESERVE_SECONDS
        self.assertLessEqual(needed, spec["terminationGracePeriodSeconds"])

    def test_weir_alone_may_connect(self):
        rule, = find(self.objects, "NetworkPolicy", "weir-backend")["spec"]["ingress"]
        self.assertEqual(rule["from"], [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "weir"}}}])


class WithMonitoring(WithWeir):
    folder = "with-monitoring"
    kinds = BASE + [("HorizontalPodAutoscaler", "weir"), ("NetworkPolicy", "weir-monitoring")]

    def test_prometheus_alone_reaches_the_admin_endpoint(self):
        self.assertEqual(self.config["admin"]["bind"], f":{self.admin_port()}")
        self.assertEqual(self.config["admin"]["token_file"], "", "nobody may act from elsewhere")
        policy = find(self.objects, "NetworkPolicy", "weir-monitoring")["spec"]
        rule, = policy["ingress"]
        self.assertEqual([port["port"] for port in rule["ports"]], [self.admin_port()])
        peer, = rule["from"]
        self.assertEqual(set(peer), {"namespaceSelector", "podSelector"})
        for service in [item for item in self.objects if item["kind"] == "Service"]:
            self.assertNotIn(self.admin_port(), [port["port"] for port in service["spec"]["ports"]])

    def test_prometheus_finds_the_port_by_its_name(self):
        admin, = [port for port in self.container["ports"] if port["name"] == "admin"]
        self.assertEqual(admin["containerPort"], self.admin_port())
        job, = yaml.safe_load((MANIFESTS / "with-monitoring/scrape-config.yaml").read_text("utf-8"))["scrape_configs"]
        self.assertEqual(job["relabel_configs"][0]["regex"], "weir;admin")
        self.assertEqual({rule.get("target_label") for rule in job["relabel_configs"][1:]}, {"namespace", "pod"})

    def test_the_autoscaler_alone_says_how_many_pods_there_are(self):
        self.assertNotIn("replicas", find(self.objects, "Deployment")["spec"])
        self.assertGreaterEqual(find(self.objects, "HorizontalPodAutoscaler")["spec"]["minReplicas"], 2)

    def test_each_metric_of_the_autoscaler_has_a_rule_and_is_one_of_weirs(self):
        wanted = [metric["pods"]["metric"]["name"]
                  for metric in find(self.objects, "HorizontalPodAutoscaler")["spec"]["metrics"]]
        rules = yaml.safe_load((MANIFESTS / "with-monitoring/adapter-rules.yaml").read_text("utf-8"))["rules"]
        self.assertEqual([rule["seriesQuery"].split("{")[0] for rule in rules], wanted)
        documented = (ROOT / "docs/metrics.md").read_text("utf-8")
        for name in wanted:
            self.assertIn(f"| `{name}` | gauge |", documented)

    def test_prometheus_takes_its_configuration_and_the_queries(self):
        if not shutil.which("promtool"):
            self.skipTest("there is no promtool")
        config = yaml.safe_load((MANIFESTS / "with-monitoring/scrape-config.yaml").read_text("utf-8"))
        for job in config["scrape_configs"]:
            self.assertEqual(job.pop("kubernetes_sd_configs"), [{"role": "pod"}])  # which Debian's does not know
        path = pathlib.Path(self.temporary.name) / "prometheus.yaml"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        scrape = run("promtool", "check", "config", str(path))
        self.assertEqual(scrape.returncode, 0, scrape.stdout + scrape.stderr)
        rules = yaml.safe_load((MANIFESTS / "with-monitoring/adapter-rules.yaml").read_text("utf-8"))["rules"]
        queries = []
        for rule in rules:
            query = rule["metricsQuery"].replace("<<.Series>>", rule["seriesQuery"].split("{")[0])
            query = query.replace("<<.LabelMatchers>>", 'namespace="default",pod=~"a|b"').replace("<<.GroupBy>>", "pod")
            self.assertNotIn("<<", query)
            queries.append({"record": "weir:query", "expr": query})
        path = pathlib.Path(self.temporary.name) / "rules.yaml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "adapter", "rules": queries}]}), encoding="utf-8")
        checked = run("promtool", "check", "rules", "--lint=none", str(path))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


class Load(Rendered):
    folder = "load"
    kinds = [("Job", "weir-load")]

    def test_it_loads_the_service(self):
        job, = self.objects
        target = job["spec"]["template"]["spec"]["containers"][0]["args"][-1]
        service = yaml.safe_load((MANIFESTS / "base/service.yaml").read_text("utf-8"))
        self.assertEqual(target, f"{service['metadata']['name']}.default.svc.cluster.local:"
                                 f"{service['spec']['ports'][0]['port']}")


class Pod(unittest.TestCase):
    """The Deployment's container without a cluster: the same command line and probes, in a network of its own, and its
    ConfigMap in a folder that is laid out and changed as the kubelet does it."""

    def setUp(self):
        self.objects = render("base")
        self.container = find(self.objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.version = None
        self.text = find(self.objects, "ConfigMap")["data"]["weir.yaml"]
        self.put_version(self.text)

    def start(self, namespaces=(), prepare="true"):
        command = [weir] + [arg.replace("/etc/weir", str(self.folder)) for arg in self.container["args"]]
        self.log = self.folder / "log"
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["unshare", "--net", *namespaces, "sh", "-c", f'ip link set lo up && {prepare} && exec "$@"', "sh",
                 *command],
                stderr=log, stdin=subprocess.DEVNULL)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.wait_until(lambda: self.probe("startupProbe") == 0)

    def put_version(self, text):
        last, self.version = self.version, f"..version_{time.monotonic_ns()}"
        (self.folder / self.version).mkdir()
        (self.folder / self.version / "weir.yaml").write_text(text, encoding="utf-8")
        (self.folder / "..data_tmp").symlink_to(self.version)
        os.rename(self.folder / "..data_tmp", self.folder / "..data")
        if last is None:
            (self.folder / "weir.yaml").symlink_to("..data/weir.yaml")
        else:
            shutil.rmtree(self.folder / last)

    def probe(self, which):
        command = self.container[which]["exec"]["command"]
        return run("nsenter", f"--net=/proc/{self.process.pid}/ns/net", weir, *command[1:]).returncode

    def wait_until(self, condition):
        until = time.monotonic() + 30
        while not condition():
            if time.monotonic() > until or self.process.poll() is not None:
                self.fail("it did not come: " + self.log.read_text("utf-8"))
            time.sleep(0.05)

    def log_has(self, text):
        return text in self.log.read_text("utf-8")

    def test_it_is_ready_alive_changed_and_drained(self):
        self.start()
        self.assertEqual(self.probe("readinessProbe"), 0)
        self.assertEqual(self.probe("livenessProbe"), 0)
        self.put_version(self.text.replace("attempts: 3", "attempts: three"))
        self.wait_until(lambda: self.log_has("connect.attempts"))
        self.assertEqual(self.probe("readinessProbe"), 0, "a wrong configuration changes nothing")
        self.put_version(self.text.replace("attempts: 3", "attempts: 5"))
        self.wait_until(lambda: self.log_has("--watch: reloaded"))
        self.process.send_signal(signal.SIGTERM)
        self.wait_until(lambda: self.probe("readinessProbe") != 0)
        self.assertEqual(self.probe("livenessProbe"), 0, "a pod that drains is alive")
        self.process.send_signal(signal.SIGTERM)  # a second one does not wait
        self.assertEqual(self.process.wait(timeout=30), 0)

    def test_where_the_kernel_tells_nothing_the_files_are_looked_at(self):
        self.start(("--user", "--map-root-user"), "echo 0 >/proc/sys/user/max_inotify_instances")
        self.wait_until(lambda: self.log_has("max_user_instances"))
        self.put_version(self.text.replace("attempts: 3", "attempts: 5"))
        self.wait_until(lambda: self.log_has("--watch: reloaded"))


def fetch_models(folder):
    """Where kubernetes-models is, or nothing."""
    if not shutil.which("npm") or not shutil.which("node"):
        return None
    fetched = run("npm", "install", "--prefix", folder, "--silent", "--no-audit", "--no-fund", "--ignore-scripts",
                  "--no-update-notifier", "--cache", f"{folder}/cache", KUBERNETES_MODELS)
    return folder if fetched.returncode == 0 else None


def main():
    global weir, MODELS
    weir = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        MODELS = fetch_models(folder)
        suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
        result = unittest.TextTestRunner(verbosity=1, stream=sys.stdout).run(suite)
    failed = len(result.failures) + len(result.errors)
    left_out = [(str(test), why) for test, why in result.skipped if "in common" not in why]
    for test, why in left_out:
        print(f"kubernetes: NOT checked: {test}: {why}")
    words = f"{result.testsRun - failed - len(left_out)} passed, {failed} failed"
    print(words + (f", {len(left_out)} skipped" if left_out else ""))
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
