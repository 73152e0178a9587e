"""TLS of the page: a certificate authority of the cell's own, and a certificate signed by it.

Made with the program openssl. The authority's certificate is installed once on each tablet; a
certificate that is made anew later needs nothing there. Keys are for the user alone. A page without
TLS is no secure context to a browser, and what a tablet sends can be read on the network.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hrc_cell.settings.operation import PanelSettings

FOLDER = "tls"
CA_CERTIFICATE, CA_KEY, CERTIFICATE, KEY = "ca.crt", "ca.key", "page.crt", "page.key"
CA_DAYS, DAYS = 3650, 800
"""Browsers take a certificate of an authority that a user installed for 825 days at most."""
CA_CONFIG = """[req]
distinguished_name = name
x509_extensions = ca
prompt = no
[name]
CN = {name}
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
PAGE_CONFIG = """[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[page]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
"""
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class TlsError(ValueError):
    """TLS cannot be had; the message says why and what to do."""


def context(settings: PanelSettings, state_dir: Path) -> ssl.SSLContext | None:
    """Return how the page is served, None for without TLS. Raises TlsError."""
    if not settings.tls_certificate:
        return None
    certificate, key = state_dir / settings.tls_certificate, state_dir / settings.tls_key
    for path in (certificate, key):
        if not path.is_file():
            raise TlsError(f"{path}: no such file; make it with hrc-cell tls make")
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        made.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise TlsError(
            f"{certificate}, {key}: are no certificate and its key ({error}); make them anew with "
            "hrc-cell tls make"
        ) from error
    return made


def make(folder: Path, *, cell: str, names: Sequence[str]) -> None:
    """Make a certificate for these names and addresses; an authority only where there is none.

    Raises TlsError.
    """
    if shutil.which("openssl") is None:
        raise TlsError("the program openssl is missing: apt install openssl")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = os.umask(0o077)
    try:
        if not (folder / CA_CERTIFICATE).exists() or not (folder / CA_KEY).exists():
            (folder / "ca.cnf").write_text(CA_CONFIG.format(name=f"hrc_cell {cell}"))
            _openssl(
                folder, "req", "-x509", *NEW_KEY, "-config", "ca.cnf", "-days", str(CA_DAYS),
                "-keyout", CA_KEY, "-out", CA_CERTIFICATE,
            )  # fmt: skip
        said = ", ".join(_alternative(name) for name in dict.fromkeys(names))
        (folder / "page.cnf").write_text(PAGE_CONFIG.format(name=names[0], names=said))
        _openssl(
            folder, "req", "-new", *NEW_KEY, "-config", "page.cnf", "-keyout", "page.key.part",
            "-out", "page.csr",
        )  # fmt: skip
        _openssl(
            folder, "x509", "-req", "-in", "page.csr", "-CA", CA_CERTIFICATE, "-CAkey", CA_KEY,
            "-CAcreateserial", "-days", str(DAYS), "-extfile", "page.cnf", "-extensions", "page",
            "-out", "page.crt.part",
        )  # fmt: skip
        (folder / "page.key.part").replace(folder / KEY)
        (folder / "page.crt.part").replace(folder / CERTIFICATE)
    finally:
        os.umask(before)


def _alternative(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def _openssl(folder: Path, *words: str) -> None:
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise TlsError(f"openssl {words[0]} failed: {done.stderr.strip()}")
