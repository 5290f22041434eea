# SPDX-License-Identifier: Apache-2.0
"""certificates.py: an authority of the test's own, and what it certifies, made by the openssl program in the test's folder.

Used by: tests/tls.py, tests/limits.py, tests/bench, tests/clients.
"""
import os
import ssl
import subprocess


def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(words)}: {done.stderr}")


class Authority:
    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.key, self.file = self.path(".key"), self.path(".crt")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.file)

    def path(self, suffix):
        return os.path.join(self.folder, self.name + suffix)

    def certify(self, name, days=2, kind="ec"):
        """(certificate, key): their files."""
        key, request, certificate = (self.path(f"-{name}{suffix}") for suffix in (".key", ".csr", ".crt"))
        algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["-newkey", "rsa:2048"]
        openssl("req", *algorithm, "-nodes", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
                "-copy_extensions", "copy", "-out", certificate)
        return certificate, key

    def client(self, shows=None, **options):
        """How a client that trusts this authority connects; shows: (certificate, key)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.file)
        if shows:
            context.load_cert_chain(*shows)
        for name, value in options.items():
            setattr(context, name, value)
        return context


def settings(identity, mode="optional", clients="no", **others):
    """The words of a command line for leat."""
    pairs = {"tls": mode, "tls_cert_file": identity[0], "tls_key_file": identity[1], "tls_auth_clients": clients, **others}
    return [word for name, value in pairs.items() for word in ("--set", f"{name}={value}")]
