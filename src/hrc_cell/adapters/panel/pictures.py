"""The pictures of work instructions, from the folder of the recipes.

Only what the task names at present is served, under the name that it has there: no list of names,
no other folder. A file that is not the kind of picture that its name says, or too large, is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from hrc_cell.adapters.panel.web_rules import Refusal
from hrc_cell.settings.recipe_files import PICTURE_TYPES, picture_problem


class Pictures:
    """The handler of pictures."""

    def __init__(self, folder: Path, snapshot: Callable[[], dict[str, Any]]) -> None:
        """`folder`: of the recipes; `snapshot` returns the state of the cell."""
        self._folder, self._snapshot = folder, snapshot

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/picture/{name}", self._picture)]

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        task = self._snapshot()["task"]
        texts = task["texts"] if task else ()
        kind = PICTURE_TYPES.get(Path(name).suffix)
        if name not in {one["picture"] for one in texts} or kind is None or Path(name).name != name:
            raise Refusal(404, "no_such_picture")
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(None, _read, self._folder / name)
        if body is None:
            raise Refusal(404, "no_such_picture")
        return web.Response(body=body, content_type=kind)


def _read(path: Path) -> bytes | None:
    """Return the bytes of a picture, None if it is none."""
    try:
        return None if picture_problem(path) else path.read_bytes()
    except OSError:
        return None
