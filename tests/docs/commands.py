"""Runs a command of the documents with addresses, times and files of the check's own."""
import os
import re
import time
from pathlib import Path

import yaml


class Commands:
    """Each returns exit status and output. A status of 0, 1 or 3 says that the command line was understood."""

    def __init__(self, root, harness):
        self.root, self.harness = root, harness

    def address(self, word):
        """An address of the check's own in place of one in the documents, of the same form."""
        tail = re.fullmatch(r"(?:\S*:)?(\d+)-(\d+)", word)
        if tail:
            return word  # a range of ports; who uses it decides
        if word.startswith("unix:@"):
            return f"unix:@weir-docs-{os.getpid()}"
        if word.startswith("unix:"):
            return f"unix:{self.harness.folder}/{Path(word[5:]).name}"
        if word.startswith("fd:"):
            return word
        if word.startswith("["):
            return "[::1]:0"
        return "127.0.0.1:0" if re.fullmatch(r"\S*:\d+", word) else word

    def weir_command(self, words, folder):
        weir = self.harness.weir
        if not words or words[0].startswith("-") or words[0] == "help":
            return self.harness.call([weir] + words)
        verb, rest = words[0], words[1:]
        if verb in ("echo", "discard", "proxy"):
            # Ranges would need free ports that stand in a row: `weir config` has no such verb, so they are left out.
            if any(re.search(r":\d+-\d+$", word) for word in rest):
                rest = [re.sub(r"^.*:\d+-\d+$", "127.0.0.1:0", word) for word in rest]
            out, bound, previous = [verb], False, ""
            for word in rest:
                if previous == "--set":
                    out.append(word)
                elif re.match(r"unix:|fd:|\[|\S*:\d+$", word):
                    if verb == "proxy" and bound and previous != "--admin":
                        out.append(re.sub(r"^[a-z][\w.-]*(?=:\d)", "127.0.0.1", word))
                    else:
                        out.append(self.address(word))
                        bound = bound or previous != "--admin"
                else:
                    out.append(word)
                previous = word
            if not bound:
                out.insert(1, "127.0.0.1:0")
            status, output = self.harness.call([weir] + out, stop_after=0.5)
            return status, output
        if verb in ("run", "check", "config"):
            out, previous, named = [verb], "", False
            for word in rest:
                if previous not in ("--set", "--token-file", "--diff") and re.search(r"\.yaml$|^/dev/|^<", word):
                    file = next((path for path in (self.root / word, folder / word) if path.is_file()), None)
                    if file and verb == "run":  # its ports are real ones: it is checked, with what overrides it
                        sets = [pair for pair in zip(rest, rest[1:]) if pair[0] == "--set"]
                        return self.harness.call([weir, "check", file] + [word for pair in sets for word in pair])
                    named = True
                    word = file or self.frame_file()
                out.append(word)
                previous = word
            if not named:
                out[1:1] = [self.frame_file()]
            return self.harness.call([weir] + out, stop_after=0.5 if verb == "run" else None)
        out = [self.harness.admin if re.match(r"(https?://|unix:)\S+$", word) else word for word in words]
        if verb == "healthcheck":
            out = [self.harness.echo if re.match(r"\S+:\d+", word) else word for word in words]
        if verb == "upgrade":
            return self.harness.call([weir] + out, env={"WEIR_ADMIN": "unix:/nonexistent"})
        return self.harness.call([weir] + out, stop_after=0.7 if "--watch" in words else None)

    def frame_file(self):
        """A configuration with the names that the documents use, for a file that the repository does not have."""
        path = self.harness.folder / "command.yaml"
        path.write_text(yaml.safe_dump({**self.harness.frame(), "admin": {"bind": "127.0.0.1:0"}}))
        return path

    def load_command(self, words):
        load, nobody = self.harness.load, "127.0.0.1:1"
        if not words or words[0].startswith("-") or words[0] == "help":
            return self.harness.call([load] + words)
        verb, out, previous = words[0], [words[0]], ""
        serves = "--serve" in words
        for word in words[1:]:
            if verb in ("report", "compare", "merge") or previous in ("--before", "--after"):
                if re.search(r"\.json$|\.log$", word) and previous not in ("--json", "--html"):
                    for name in [word] if "*" not in word else [word.replace("*", "1"), word.replace("*", "2")]:
                        (self.harness.folder / name).write_text(self.harness.report)
            if previous in ("--serve", "--prometheus"):
                word = self.address(word if ":" in word else ":" + word)
                word = "127.0.0.1:0" if word == ":0" else word
            elif previous in ("--start-at",):
                word = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            elif previous in ("--source",):
                word = "127.0.0.1"
            elif previous in ("--pid",):
                word = str(self.harness.daemon.pid)
            elif previous == "-f" and word != "-":
                (self.harness.folder / word).write_text("http://127.0.0.1:1/\n")
            elif word == "TARGET" or re.fullmatch(r"(?:[\w.-]+|\[[\w:]+\]):\d+|unix:\S+", word):
                word = nobody
            elif re.match(r"https?://", word):
                word = re.sub(r"://[^/]+", f"://{nobody}", word)
            out.append(word)
            previous = word if word.startswith("-") else ""
        if out[-1] == "-" and verb in ("merge", "report", "compare"):
            return 0, ""
        return self.harness.call([load] + out, stop_after=0.5 if serves else None)
