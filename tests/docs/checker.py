"""What must hold of a page."""
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import yaml

from commands import Commands
from page import Page

CONFIG_KEYS = {"workers", "drain_timeout", "drain_announce", "drain_spread", "upgrade_timeout", "removed_listener",
               "log", "access_log", "admin", "relay", "dns", "tls", "limits", "defaults", "listeners", "upstreams",
               "faults"}
LISTENER_KEYS = {"bind", "proxy", "echo", "discard", "accept_proxy_protocol", "trusted", "allow", "deny", "allow_file",
                 "deny_file", "unix", "timeouts", "tls", "faults"}
UPSTREAM_KEYS = {"balance", "servers", "connect", "queue", "health", "eject", "slow_start", "bind_source",
                 "send_proxy_protocol", "on_down"}
TLS_FOLDER = "/etc/weir/tls/"
OUR_PATHS = r"(?:\.ci|bench|client|common|config|deploy|docs|scripts|server|systemd|tests)/"


class Checker:
    """Checks pages, and keeps how many things held and what did not."""

    def __init__(self, root, harness):
        self.root, self.harness, self.commands = root, harness, Commands(root, harness)
        self.passed, self.problems, self.skipped = 0, [], []
        self.pages = {}

    def page(self, path):
        if path not in self.pages:
            self.pages[path] = Page(path)
        return self.pages[path]

    def say(self, ok, page, line, what):
        if ok:
            self.passed += 1
        else:
            self.problems.append(f"{page.path.relative_to(self.root)}:{line}: {what}")

    def check(self, path):
        page = self.page(path)
        self.check_prose(page)
        for block in page.blocks:
            if block.skip:
                self.skipped.append(f"{page.path.relative_to(self.root)}:{block.line}: {block.skip}")
                continue
            if block.language in ("yaml", "yml"):
                self.check_yaml(page, block)
            elif block.language == "json":
                try:
                    json.loads(block.text)
                    self.say(True, page, block.line, "")
                except ValueError as error:
                    self.say(False, page, block.line, f"the JSON does not parse: {error}")
            elif block.language in ("haproxy", "nginx"):
                self.check_peer(page, block)
            else:
                if block.language in ("sh", "bash"):
                    run = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
                    self.say(run.returncode == 0, page, block.line, f"bash -n: {run.stderr.strip()}")
                if block.language in ("", "sh", "bash", "console"):
                    self.check_commands(page, block)

    # --- what is outside of code

    def check_prose(self, page):
        text = "\n".join(line for _, line in page.prose)
        numbers = [number for number, _ in page.prose]
        without_code = re.sub(r"(`+)(.+?)\1", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.S)
        line_of = lambda offset: numbers[text.count("\n", 0, offset)]
        links = re.finditer(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)", without_code)
        targets = [(m.start(), m[1]) for m in links]
        targets += [(m.start(), m[1]) for m in re.finditer(r'(?:src|srcset|href)="([^"]+)"', without_code)]
        for offset, target in targets:
            if not re.match(r"[a-z]+:", target):
                self.check_link(page, line_of(offset), target)
        for match in re.finditer(r"(?<!`)`([^`]+)`(?!`)", text):
            words = " ".join(match[1].split())
            line = line_of(match.start())
            if re.fullmatch(OUR_PATHS + r"[\w./-]+", words) and page.path.name != "CHANGELOG.md":
                if not re.search(r"NAME|FILE|DIR|/\.\.\.", words):
                    here = [self.root / words, page.path.parent / words]
                    if not words.startswith("build/"):
                        self.say(any(path.exists() for path in here), page, line, f"there is no {words}")
            elif re.match(r"(weir|weir-load) [a-z]", words):
                self.check_words(page, line, words)

    def check_link(self, page, line, target):
        name, _, anchor = target.partition("#")
        path = (page.path.parent / name).resolve() if name else page.path
        if not path.exists():
            self.say(False, page, line, f"the link to {target} leads nowhere")
        elif anchor and path.suffix == ".md":
            self.say(anchor in self.page(path).anchors(), page, line, f"{path.name} has no heading for #{anchor}")
        else:
            self.say(True, page, line, "")

    def check_words(self, page, line, words):
        """A command in a sentence: the verb is one, and the options are in its help."""
        try:
            parts = shlex.split(words)
        except ValueError:
            return
        program = self.harness.weir if parts[0] == "weir" else self.harness.load
        verb = parts[1]
        usage = self.harness.help_of(program, "")
        known = re.findall(r"^  ([a-z][a-z-]*)\b", usage, flags=re.M)
        if verb not in known:
            self.say(False, page, line, f"`{words}`: {parts[0]} has no verb {verb}")
            return
        text = self.harness.help_of(program, verb) + " --help"
        for part in parts[2:]:
            option = re.match(r"--[a-z][a-z-]*|-[A-Za-z]$", part)
            if option:
                found = re.search(re.escape(option[0]) + r"(?![a-z-])", text)
                self.say(bool(found), page, line, f"`{words}`: {parts[0]} {verb} has no option {option[0]}")
        self.say(True, page, line, "")

    # --- configurations

    def check_yaml(self, page, block):
        try:
            value = yaml.safe_load(block.text.replace("{…}", "{}"))
        except yaml.YAMLError as error:
            self.say(False, page, block.line, f"the YAML does not parse: {error}")
            return
        lines = [line for line in block.lines]
        indented = lambda by: "\n".join(" " * by + line for line in lines)
        keys = set(value) if isinstance(value, dict) else set()
        stub = "{name: stub, bind: \"127.0.0.1:0\", echo: {}}"
        if keys and keys <= CONFIG_KEYS:
            text = block.text
            listeners = value.get("listeners") or []
            if not listeners:
                text += f"\nlisteners: [{stub}]\n"
            named = {u.get("name") for u in value.get("upstreams") or []}
            proxies = [one["proxy"] for one in listeners if isinstance(one, dict) and isinstance(one.get("proxy"), dict)]
            targets = [one for proxy in proxies for one in [proxy, *proxy.get("routes", [])]]
            missing = sorted({one.get("upstream") for one in targets} - named - {None})
            if missing:
                stubs = "".join(f"  - {{name: {name}, servers: [{{address: \"127.0.0.1:9\"}}]}}\n" for name in missing)
                if "upstreams" in value:
                    text += stubs
                else:
                    text += "\nupstreams:\n" + stubs
        elif isinstance(value, list) and all(isinstance(i, dict) and ("address" in i or "dns" in i) for i in value):
            text = f"listeners: [{stub}]\nupstreams:\n  - name: stub\n    servers:\n{indented(6)}\n"
        elif keys and keys <= UPSTREAM_KEYS | {"name", "tcp"}:
            name = "" if "name" in keys else "    name: stub\n"
            servers = "" if "servers" in keys else "    servers: [{address: \"127.0.0.1:9\"}]\n"
            text = f"listeners: [{stub}]\nupstreams:\n  -\n{name}{servers}{indented(4)}\n"
        elif keys and keys <= LISTENER_KEYS | {"name", "tcp", "limits"}:
            extra = "" if "name" in keys else "    name: stub\n"
            extra += "" if "bind" in keys else "    bind: 127.0.0.1:0\n"
            extra += "" if keys & {"echo", "discard", "proxy"} else "    echo: {}\n"
            text = f"listeners:\n  -\n{extra}{indented(4)}\n"
        else:
            foreign = keys & {"groups", "scrape_configs", "apiVersion", "services", "spec", "metadata", "resources"}
            self.say(bool(foreign), page, block.line, "this YAML is neither Weir's nor anything that the check knows")
            return
        text = text.replace(TLS_FOLDER, f"{self.harness.tls_files()}/")
        file = self.harness.folder / "block.yaml"
        file.write_text(text, encoding="utf-8")
        for name in re.findall(r"(?:allow_file|deny_file|token_file): *\"?([\w.-]+)", text):
            if (page.path.parent / name).is_file():  # a configuration's files are beside it, and so beside the page
                shutil.copy(page.path.parent / name, self.harness.folder)
        status, output = self.harness.call([self.harness.weir, "check", file])
        problem = output.strip().replace(str(file) + ":", "")
        self.say(status == 0, page, block.line, f"weir check refuses this: {problem}")

    def check_peer(self, page, block):
        text, file = block.text, self.harness.folder / f"peer.{block.language}"
        if block.language == "haproxy":
            if not re.search(r"^defaults", text, flags=re.M):
                times = "".join(f"    timeout {which} 5s\n" for which in ("connect", "client", "server"))
                text = f"defaults\n    mode tcp\n{times}{text}"
            command = ["haproxy", "-c", "-f", file]
        else:
            module = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
            head = f"load_module {module};\n" if module.exists() else ""
            head += f"pid {self.harness.folder}/nginx.pid;\nerror_log stderr;\n"
            if not re.search(r"^events", text, flags=re.M):
                head += "events {}\n"
            if not re.search(r"^(stream|http)\b", text, flags=re.M):
                text = "stream {\n" + text + "}\n"
            text = head + re.sub(r"/var/log/nginx", str(self.harness.folder), text)
            command = ["nginx", "-t", "-c", file]
        file.write_text(text, encoding="utf-8")
        if not shutil.which(command[0]):
            self.say(False, page, block.line, f"{command[0]} is not installed: scripts/setup docs")
            return
        status, output = self.harness.call(command)
        self.say(status == 0, page, block.line, f"{command[0]} refuses this: {output.strip()}")

    # --- commands

    def check_commands(self, page, block):
        lines, joined, begin = block.lines, "", block.line
        prompts = block.language == "console"
        for number, line in enumerate(lines, block.line + (1 if block.language else 0)):
            if not joined:
                begin = number
                if prompts and not line.startswith("$ "):
                    continue
            line = line.rstrip()
            joined += re.sub(r"^\$ ", "", line) if not joined else " " + line.strip()
            if joined.endswith("\\"):
                joined = joined[:-1].rstrip()
                continue
            self.check_line(page, begin, joined.strip())
            joined = ""

    def check_line(self, page, line, text):
        if not re.match(r"(?:sudo |[A-Z_]+=\S+ )*(?:weir|weir-load|curl|" + OUR_PATHS + r"[\w./-]*)(?:\s|$)", text):
            return
        if re.search("[─▶◀│]", text):  # a drawing
            return
        lexer = shlex.shlex(re.sub(r"\$\((?:[^()]|\([^()]*\))*\)", "TOKEN", self.without_remark(text)), posix=True,
                            punctuation_chars=";&|<>")
        lexer.whitespace_split, lexer.commenters = True, "#"
        try:
            words = list(lexer)
        except ValueError as error:
            self.say(False, page, line, f"not a command line: {error}")
            return
        command, commands, skip_next = [], [], False
        for word in words:
            if skip_next:
                skip_next = False
            elif re.fullmatch(r"[;&|]+", word):
                commands.append(command)
                command = []
            elif re.fullmatch(r"[<>&]+", word):
                if command and command[-1] in ("1", "2"):
                    command.pop()
                skip_next = True
            else:
                command.append(word)
        for command in commands + [command]:
            while command and (command[0] == "sudo" or re.match(r"[A-Z_]+=", command[0])):
                command = command[1:]
            if command:
                self.check_command(page, line, command)

    @staticmethod
    def without_remark(text):
        """The command before two spaces and a remark; spaces in quotes are none."""
        quote = ""
        for at, letter in enumerate(text):
            if quote:
                quote = "" if letter == quote else quote
            elif letter in "'\"":
                quote = letter
            elif text.startswith("  ", at):
                return text[:at]
        return text

    def check_command(self, page, line, command):
        shown, program = " ".join(command), command[0]
        if re.match(OUR_PATHS, program):
            self.say((self.root / program).exists(), page, line, f"`{shown}`: there is no {program}")
        elif program == "curl":
            self.check_curl(page, line, command)
        elif program in ("weir", "weir-load"):
            if program == "weir":
                status, output = self.commands.weir_command(command[1:], page.path.parent)
            else:
                status, output = self.commands.load_command(command[1:])
            # 1 and 3 say that nobody answered, or that something differs: the command line itself was understood.
            self.say(status in (0, 1, 3), page, line, f"`{shown}` is refused ({status}): {output.strip()[:600]}")

    def check_curl(self, page, line, command):
        if not shutil.which("curl"):
            self.say(False, page, line, "curl is not installed: scripts/setup docs")
            return
        words = [re.sub(r"https?://[^/]+(?=/)", "http://localhost", word) for word in command
                 if word not in ("--unix-socket",) and not word.startswith("/run/")]
        if any("/drain" in word and word.endswith("v1/drain") for word in words) or any("upgrade" in w for w in words):
            self.say(True, page, line, "")
            return
        status, output = self.harness.call(words[:1] + ["-s", "-o", "answer", "-w", "%{http_code}", "--unix-socket",
                                                        self.harness.folder / "admin.sock"] + words[1:])
        self.say(status == 0 and output[-3:] in ("200", "409", "401"), page, line,
                 f"`{' '.join(command)}`: the daemon answers {output[-3:]}, curl {status}")
