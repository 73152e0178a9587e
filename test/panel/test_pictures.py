"""Pictures of work instructions over real HTTP: those that the task names, and nothing else."""

import asyncio

import aiohttp
import pytest
from yarl import URL

from hrc_cell.settings.recipe_files import PICTURE_MAX_BYTES

BYTES = {
    "burr.png": b"\x89PNG\r\n\x1a\n" + b"p" * 9, "burr.jpg": b"\xff\xd8\xff" + b"j" * 9,
    "burr.jpeg": b"\xff\xd8\xff" + b"j" * 9, "burr.webp": b"RIFF----WEBP" + b"w" * 9,
}  # fmt: skip
KINDS = {
    "burr.png": "image/png", "burr.jpg": "image/jpeg", "burr.jpeg": "image/jpeg",
    "burr.webp": "image/webp",
}  # fmt: skip


def named(backend, *names):
    backend.state["task"]["texts"] = [
        {"key": "", "language": "en", "text": "Look.", "picture": name} for name in names
    ]


def get(cell, path, **headers):
    """Return status, headers and body; the path is sent as it is."""

    async def go():
        async with aiohttp.ClientSession() as session:
            url = URL(cell.url.rstrip("/") + path, encoded=True)
            async with session.get(url, headers=headers) as reply:
                return reply.status, reply.headers, await reply.read()

    return asyncio.run(go())


@pytest.mark.parametrize("name", BYTES)
def test_a_picture_that_the_task_names_is_served_as_what_it_is(cell, backend, name):
    (cell.recipes / name).write_bytes(BYTES[name])
    assert get(cell, f"/picture/{name}")[0] == 404, "it is not named yet"
    named(backend, name)
    status, headers, body = get(cell, f"/picture/{name}?run=run")
    assert (status, headers["Content-Type"], body) == (200, KINDS[name], BYTES[name])
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    backend.state["task"] = None
    assert get(cell, f"/picture/{name}")[0] == 404, "nor is it any more"


@pytest.mark.parametrize(
    "name",
    ["../secret.png", "%2e%2e%2fsecret.png", "..%2Fsecret.png", "sub/secret.png",
     "sub%2Fsecret.png", "/etc/passwd", "%2Fetc%2Fpasswd", "recipe.yaml", "..%5Csecret.png",
     "burr.png%00.yaml", ""],
)  # fmt: skip
def test_nothing_else_of_the_machine_is_served_even_if_the_task_names_it(cell, backend, name):
    for folder in (cell.recipes, cell.recipes.parent, cell.recipes / "sub"):
        folder.mkdir(exist_ok=True)
        (folder / "secret.png").write_bytes(BYTES["burr.png"])
    (cell.recipes / "recipe.yaml").write_text("steps: []")
    named(
        backend, "burr.png", "../secret.png", "sub/secret.png", "/etc/passwd", "recipe.yaml",
        "..\\secret.png", "",
    )  # fmt: skip
    assert get(cell, f"/picture/{name}")[0] == 404


@pytest.mark.parametrize("what", ["other bytes", "too large", "gone", "a folder"])
def test_what_is_no_picture_is_not_served(cell, backend, what):
    path = cell.recipes / "burr.png"
    if what == "a folder":
        path.mkdir()
    elif what != "gone":
        head = b"<svg/>" if what == "other bytes" else BYTES["burr.png"]
        path.write_bytes(head + bytes(PICTURE_MAX_BYTES if what == "too large" else 9))
    named(backend, "burr.png")
    assert get(cell, "/picture/burr.png")[0] == 404


def test_another_page_does_not_get_it(cell, backend):
    (cell.recipes / "burr.png").write_bytes(BYTES["burr.png"])
    named(backend, "burr.png")
    assert get(cell, "/picture/burr.png", Origin="http://evil.example")[0] == 403
    assert get(cell, "/picture/burr.png", Host="evil.example")[0] == 403
    _, headers, _ = get(cell, "/picture/burr.png")
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
