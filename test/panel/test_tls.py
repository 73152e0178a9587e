"""TLS of the page: a certificate of the cell's own authority, a cookie that stays under it."""

import contextlib
import ssl
from dataclasses import replace
from http.client import HTTPSConnection
from urllib.parse import urlsplit

import pytest

from hrc_cell.adapters.panel import tls
from hrc_cell.adapters.panel.tls import TlsError, context, make
from hrc_cell.cli import main
from panel.scripted import SETTINGS, ScriptedCell, opened

WITH_TLS = replace(SETTINGS, tls_certificate="tls/page.crt", tls_key="tls/page.key")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A state folder with an authority and a certificate, made by the command."""
    folder = tmp_path_factory.mktemp("state")
    assert main.main(["tls", "make", "--state", str(folder), "--name", "cell.local"]) == 0
    return folder


@pytest.fixture
def url(state):
    settings = replace(WITH_TLS, names=("cell.local",))
    with opened(ScriptedCell(), settings, tls=context(settings, state)) as cell:
        yield cell.url


def trusting(state):
    return ssl.create_default_context(cafile=state / "tls" / "ca.crt")


def get(url, path, trust, **headers):
    """Return status and cookie of one request."""
    parts = urlsplit(url)
    connection = HTTPSConnection(parts.hostname, parts.port, context=trust, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", f"/{path}", headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.headers.get("Set-Cookie", "")


def test_who_trusts_the_authority_is_served_and_the_cookie_stays_under_tls(url, state):
    assert url.startswith("https://")
    status, cookie = get(url, "api/session", trusting(state))
    assert status == 200
    assert "Secure" in cookie and "HttpOnly" in cookie


def test_who_does_not_trust_it_is_not_served(url):
    with pytest.raises(ssl.SSLCertVerificationError):
        get(url, "api/session", ssl.create_default_context())


def test_only_the_page_under_tls_is_its_own_origin(url, state):
    trust, host = trusting(state), url.removeprefix("https://").rstrip("/")
    assert get(url, "api/state", trust, Origin=f"https://{host}")[0] == 200
    assert get(url, "api/state", trust, Origin=f"http://{host}")[0] == 403
    named = f"cell.local:{host.rpartition(':')[2]}"
    assert get(url, "api/state", trust, Host=named, Origin=f"https://{named}")[0] == 200
    assert get(url, "api/state", trust, Host="other.local")[0] == 403


def test_a_socket_is_opened_under_tls_for_the_page_itself_alone(url, state):
    handshake = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    own = url.rstrip("/")
    assert get(url, "ws", trusting(state), Origin=own, **handshake)[0] == 101
    http = own.replace("https", "http")
    assert get(url, "ws", trusting(state), Origin=http, **handshake)[0] == 403


def test_a_certificate_made_anew_keeps_the_authority_and_keys_are_the_users_alone(state):
    folder = state / "tls"
    authority, before = (folder / "ca.crt").read_bytes(), (folder / "page.crt").read_bytes()
    make(folder, cell="default", names=["127.0.0.1"])
    assert (folder / "ca.crt").read_bytes() == authority
    assert (folder / "page.crt").read_bytes() != before
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}
    assert context(WITH_TLS, state) is not None


def test_without_openssl_it_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(tls.shutil, "which", lambda name: None)
    with pytest.raises(TlsError, match="apt install openssl"):
        make(tmp_path / "tls", cell="default", names=["127.0.0.1"])


def test_a_name_that_openssl_refuses_leaves_the_old_certificate(state):
    before = (state / "tls" / "page.crt").read_bytes()
    with pytest.raises(TlsError, match="failed"):
        make(state / "tls", cell="default", names=["x" * 300])
    assert (state / "tls" / "page.crt").read_bytes() == before


@pytest.mark.parametrize("broken", ["page.crt", "page.key"])
@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_a_certificate_that_cannot_be_used_is_named(state, tmp_path, broken, how):
    (tmp_path / "tls").mkdir()
    for name in ("page.crt", "page.key"):
        text = (state / "tls" / name).read_text()
        if name != broken:
            (tmp_path / "tls" / name).write_text(text)
        elif how == "damaged":
            (tmp_path / "tls" / name).write_text("no PEM")
    with pytest.raises(TlsError, match=rf"{broken}.*hrc-cell tls make"):
        context(WITH_TLS, tmp_path)


def test_without_a_certificate_there_is_no_tls(tmp_path):
    assert context(SETTINGS, tmp_path) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "cell.local"])
def test_beyond_this_machine_it_takes_tls_or_an_explicit_word(host):
    with pytest.raises(ValueError, match=r"PINs.*could be read.*plain_http: true"):
        replace(SETTINGS, host=host)
    assert replace(SETTINGS, host=host, plain_http=True).host == host
    assert replace(WITH_TLS, host=host).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_this_machine_it_takes_nothing(host):
    assert replace(SETTINGS, host=host).host == host


def test_certificate_and_key_belong_together():
    for one in ({"tls_certificate": "a"}, {"tls_key": "b"}):
        with pytest.raises(ValueError, match="belong together"):
            replace(SETTINGS, **one)
