"""The page's real server in a process of its own, with the state of a busy cell; for the bench.

Prints one line of JSON: the address, and cookies of tablets that were let in. Ends when its input
does. The state changes at instants that have nothing to do with the rate of the page; each permit
carries the instant of its change on the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import bisect
import json
import math
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from hrc_cell.adapters.panel.access import Access
from hrc_cell.adapters.panel.kept import Books
from hrc_cell.adapters.panel.server import PanelServer
from hrc_cell.adapters.record.audit import Audit
from hrc_cell.adapters.record.book import Book
from hrc_cell.adapters.record.photos import Photos
from hrc_cell.adapters.record.spans import Spans
from hrc_cell.settings.cell import Cell, load_cell
from hrc_cell.settings.share import share_folder

TABLETS = 64
CHANGES_HZ = 4.0
LONGEST_S = 3600.0
PEOPLE = 3
STATES = ("free", "reduced", "standstill")


class Busy:
    """A cell in which people walk, the arm moves and a run goes on."""

    def __init__(self, cell: Cell, seed: int = 1) -> None:
        self._cell, self._recipe = cell, next(iter(cell.recipes.values()))
        gaps, at_s = random.Random(seed), time.monotonic()
        self._changes_s = [
            at_s := at_s + gaps.uniform(0.5, 1.5) / CHANGES_HZ
            for _ in range(int(LONGEST_S * CHANGES_HZ))
        ]

    def about(self) -> dict[str, Any]:
        """Return what does not change."""
        zones = self._cell.zones
        shown = {"name": self._cell.file.name, "simulated": True, "outline": zones.outline_m}
        return {**shown, "zones": [], "scanners": [], "handover": zones.handover_m}

    def snapshot(self) -> dict[str, Any]:
        """Return the state now."""
        now_s = time.monotonic()
        seq = bisect.bisect_right(self._changes_s, now_s)
        changed_s = self._changes_s[seq - 1] if seq else now_s
        turn = 0.4 * now_s
        walk = [0.7 * turn + i for i in range(PEOPLE)]
        steps = [
            {"id": one.id, "actor": one.actor, "text_key": one.text_key, "level": one.automation,
             "limit": one.automation, "done": False}
            for one in self._recipe.steps
        ]  # fmt: skip
        return {
            "ages": {"permit_s": 0.01, "humans_s": 0.02, "motors_s": 0.01, "task_s": 0.1,
                     "inputs_s": 0.1},
            "permit": {
                "seq": seq, "changed_s": changed_s, "state": STATES[seq % len(STATES)],
                "cause": "separation", "culprit": "", "ratio": 0.5, "gripper": True,
                "category": 2, "reset_possible": False, "zone": "around_table", "human": 1,
                "zone_set": "", "muted": [], "link": "link_4", "age": 0.05,
                "distance": round(1.5 + 0.3 * math.sin(turn), 3), "required": 1.56,
                "source": "scanner:left", "part": "", "clears": "itself", "limit": None,
                "region": "", "terms": {"s_h": 0.66, "s_r": 0.12, "s_s": 0.07, "c": 0.55,
                                        "z_d": 0.14, "z_r": 0.02},
            },
            "humans": [
                {"id": i, "x": round(2.0 + math.cos(at), 3), "y": round(math.sin(at), 3),
                 "vx": 0.3, "vy": 0.1, "r": 0.3, "confirmed": True}
                for i, at in enumerate(walk)
            ],
            "arm": [[0.0, 0.0], *([round(0.2 * i * math.cos(turn), 3),
                                   round(0.2 * i * math.sin(turn), 3)] for i in range(1, 6))],
            "separation": {"x": round(0.5 * math.cos(turn), 3), "y": 0.1, "r": 0.05},
            "inputs": {"mode": "collaborative", "reset": False, "start": False, "guards": "open",
                       "enabling_switch": "released", "emergency_stop_input": False,
                       "simulated": True},
            "motion": {"phase": "moving", "path": round(turn % 1.0, 3), "ratio": 0.5},
            "motors": {"gate": "open", "reason": ""},
            "task": {
                "phase": "running", "recipe": self._recipe.name, "run_id": "run", "cycle": 1,
                "title_key": self._recipe.title_key, "pausing": False, "step": seq % len(steps),
                "steps": len(steps), "step_id": steps[seq % len(steps)]["id"], "actor": "robot",
                "automation": "auto", "text_key": "", "texts": [], "plan": steps, "reason": "",
                "handoff": "none", "question": {"id": "", "options": []},
            },
            "recipes": None,
        }  # fmt: skip

    def model(self) -> dict[str, Any]:
        """Return nothing: nobody looks at the robot in space here."""
        return {"links": [], "joints": []}

    def recipes(self) -> list[dict[str, Any]]:
        """Return none: nobody starts anything here."""
        return []

    def drawing(self, name: str, language: str) -> str | None:
        """Return none."""
        return None

    def refused(self, body: dict[str, Any], reason: str) -> None:
        """Hear of an act that was refused."""

    async def _taken(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"accepted": True, "reason": ""}

    answer = request_stop = press = control_run = set_automation = start_run = _taken


async def serve(state_dir: Path) -> None:
    """Serve until the input ends."""
    cell = load_cell(share_folder() / "config" / "default")
    settings = replace(cell.file.panel, host="127.0.0.1", rate_hz=10.0)
    audit = Audit(state_dir / "audit", size_max_mb=10.0)
    access = Access(state_dir, settings, note=audit.append, simulated=True, training=False)
    cookies = [access.devices.pair(access.devices.new_code("bench"))[1] for _ in range(TABLETS)]
    andon, handover, kaizen = (
        Book(state_dir / f"{name}.jsonl") for name in ("andon", "handover", "kaizen")
    )
    server = PanelServer(
        settings, Busy(cell), access, recipes=cell.folder / "recipes", port=0,
        books=Books(andon=andon, handover=handover, kaizen=kaizen),
        photos=Photos(state_dir / "photos"), record=Spans(state_dir / "record", keep_s=LONGEST_S),
    )  # fmt: skip
    url = await server.start()
    port = int(url.rstrip("/").rpartition(":")[2])
    told = {"url": url, "cookies": [f"hrc_device_{port}={one}" for one in cookies]}
    print(json.dumps(told), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop()
    for book in (andon, handover, kaizen):
        book.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(serve(Path(folder)))
