"""The page's files over real HTTP: each as it stands in its folder, compressed where it may be."""

import asyncio
import gzip

import aiohttp
import pytest
from yarl import URL

from hrc_cell.adapters.panel.files import PACKED, read_all
from hrc_cell.adapters.panel.server import STATIC

NAMES = sorted(p.relative_to(STATIC).as_posix() for p in STATIC.rglob("*") if p.is_file())
OF_THE_PAGE = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}


def get(cell, path, accept="gzip, deflate"):
    """Return status, headers and the body as it came over the wire."""

    async def go():
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            url = URL(cell.url.rstrip("/") + path, encoded=True)
            headers = {"Accept-Encoding": accept}
            async with session.get(url, headers=headers) as reply:
                return reply.status, reply.headers, await reply.read()

    return asyncio.run(go())


def test_every_file_comes_as_it_stands_there_and_a_browser_gets_it_smaller(cell):
    sent = stands = 0
    for name in NAMES:
        content = (STATIC / name).read_bytes()
        status, headers, body = get(cell, f"/static/{name}")
        packed = headers.get("Content-Encoding") == "gzip"
        assert (status, gzip.decompress(body) if packed else body) == (200, content), name
        assert headers["Cache-Control"] == "no-store"
        assert len(body) <= len(content), name
        if not name.endswith(PACKED):
            sent, stands = sent + len(body), stands + len(content)
        plain = get(cell, f"/static/{name}", accept="identity")
        assert "Content-Encoding" not in plain[1], name
        assert plain[2] == content, name
    assert sent < stands / 2


def test_scripts_and_styles_say_what_they_are_as_nothing_may_be_guessed(cell):
    for name in NAMES:
        kind = OF_THE_PAGE.get("." + name.rpartition(".")[2])
        if kind:
            headers = get(cell, f"/static/{name}")[1]
            assert headers["Content-Type"] == f"{kind}; charset=utf-8", name
            assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["", "..", "../server.py", "%2e%2e/server.py", "..%2Fserver.py", "/etc/passwd",
             "%2Fetc%2Fpasswd", "vendor", "vendor/", "nothing.js", "main.js%00.css"]
)  # fmt: skip
def test_nothing_else_of_the_machine_is_served(cell, path):
    assert get(cell, f"/static/{path}")[0] == 404


def test_what_compression_does_not_shorten_is_sent_as_it_is(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.js").write_bytes(b"1;" * 400)
    (tmp_path / "b.js").write_bytes(b"1;")
    (tmp_path / "font.woff2").write_bytes(b"w" * 400)
    files = read_all(tmp_path)
    assert {name: one.packed is None for name, one in files.items()} == {
        "in/a.js": False, "b.js": True, "font.woff2": True,
    }  # fmt: skip
