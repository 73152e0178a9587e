"""The files of the page, read once when the server starts and sent compressed.

What is reviewed is what runs: the files are as they stand in `static/`, with no build step between.
Only their way over a weak Wi-Fi is made short.
"""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import hdrs, web

from hrc_cell.adapters.panel.web_rules import Refusal

KINDS = {".js": "text/javascript", ".woff2": "font/woff2", ".json": "application/json"}
"""Told here, as what a system believes of them differs."""
PACKED = (".woff2", ".png", ".jpg")
"""Files that are compressed already."""


@dataclass(frozen=True)
class Served:
    """A file as it is sent. `packed`: by gzip, None where that saves nothing."""

    kind: str
    plain: bytes
    packed: bytes | None

    def reply(self, request: web.Request) -> web.Response:
        """Return the file, compressed for a browser that takes it so."""
        reply = web.Response(body=self.plain, content_type=self.kind)
        if self.packed is not None:
            reply.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
            if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
                reply.body = self.packed
                reply.headers[hdrs.CONTENT_ENCODING] = "gzip"
        if self.kind.startswith("text/"):
            reply.charset = "utf-8"
        return reply


class Files:
    """The handlers of the page and of all that it loads from `folder`."""

    def __init__(self, folder: Path) -> None:
        """Read all files. Raises OSError naming the one that cannot be read."""
        self._files = read_all(folder)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/", self._index), web.get("/static/{name:.+}", self._file)]

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return self._files["index.html"].reply(request)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        found = self._files.get(request.match_info["name"])
        if found is None:
            raise Refusal(404, "no_such_file")
        return found.reply(request)


def read_all(folder: Path) -> Mapping[str, Served]:
    """Return every file under a folder by its name there, with `/` between."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): _read(path) for path in paths}


def _read(path: Path) -> Served:
    plain = path.read_bytes()
    kind = KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    packed = None if path.suffix in PACKED else gzip.compress(plain, mtime=0)
    if packed is not None and len(packed) >= len(plain):
        packed = None
    return Served(kind or "application/octet-stream", plain, packed)
