"""Certificates for proxies that end TLS, made by openssl at each run."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from weirbench.failures import NotServed

KEYS = {"P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], "RSA-2048": ["rsa:2048"]}


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path
    both: Path  # in one file, as HAProxy takes them


def certificate(setting, kind="P-256"):
    """A self-signed one, made once in a run."""
    made = Certificate(*(setting.folder / f"{kind}.{end}" for end in ("crt", "key", "pem")))
    if not made.both.exists():
        command = ["openssl", "req", "-x509", "-newkey", *KEYS[kind], "-nodes", "-days", "2", "-subj", "/CN=bench.test",
                   "-addext", "subjectAltName=DNS:bench.test", "-keyout", made.key, "-out", made.certificate]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotServed(f"openssl makes no certificate: {done.stderr}")
        made.both.write_text(made.certificate.read_text() + made.key.read_text())
    return made
