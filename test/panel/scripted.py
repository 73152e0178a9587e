"""A cell for the page's tests: a state that the test writes, and what the page asked of it."""

import contextlib
import tempfile
import threading
import time
from asyncio import new_event_loop, run_coroutine_threadsafe, sleep
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.link_tree import drawing
from hrc_cell.adapters.panel import people
from hrc_cell.adapters.panel.access import Access
from hrc_cell.adapters.panel.figures import KEEP_S
from hrc_cell.adapters.panel.kept import Books
from hrc_cell.adapters.panel.server import PanelServer
from hrc_cell.adapters.record.book import Book
from hrc_cell.adapters.record.photos import Photos
from hrc_cell.adapters.record.spans import Spans
from hrc_cell.nodes.panel_recipes import PanelRecipes
from hrc_cell.nodes.panel_wire import about
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.share import share_folder

CELL = load_cell(share_folder() / "config" / "default")
DESCRIPTION = load_description(CELL)
MODEL = drawing(DESCRIPTION, CELL)
SETTINGS = replace(CELL.file.panel, hold_s=0.8)
QUESTION = {
    "id": "run.7", "kind": "handoff", "risk_class": 2, "text_key": "question.release_part",
    "args": {"step": "step.hand"}, "options": ["confirm", "refuse"], "state_version": 7,
}  # fmt: skip
RUNNING = {"phase": "running", "run_id": "begun", "cycle": 1}
NO_QUESTION = {**QUESTION, "id": "", "options": []}
PLAN = [
    {"id": "fetch", "actor": "robot", "text_key": "step.fetch", "level": "auto", "limit": "auto",
     "done": True},
    {"id": "show", "actor": "robot", "text_key": "step.show", "level": "auto", "limit": "auto",
     "done": False},
    {"id": "hand", "actor": "both", "text_key": "step.hand", "level": "confirm",
     "limit": "confirm", "done": False},
    {"id": "back", "actor": "robot", "text_key": "step.back", "level": "confirm", "limit": "auto",
     "done": False},
]  # fmt: skip
"""Of a run whose second step was skipped, and whose last one somebody turned down."""
STATE = {
    "ages": {"permit_s": 0.0, "humans_s": 0.0, "motors_s": 0.0, "task_s": 0.1, "inputs_s": 0.0},
    "permit": {
        "seq": 5, "state": "standstill", "cause": "separation", "culprit": "", "ratio": 0.0,
        "gripper": True, "category": 2, "reset_possible": False, "zone": "around_table", "human": 1,
        "zone_set": "", "muted": [],
        "link": "link_4", "distance": 1.42, "required": 1.56, "age": 0.05,
        "source": "scanner:left", "part": "", "clears": "itself", "limit": None, "region": "",
        "terms": {"s_h": 0.66, "s_r": 0.12, "s_s": 0.07, "c": 0.55, "z_d": 0.14, "z_r": 0.02},
    },
    "humans": [{"id": 1, "x": 1.9, "y": 0.2, "vx": 0.0, "vy": 0.3, "r": 0.3, "confirmed": True}],
    "arm": [[0.0, 0.0], [0.1, 0.0], [0.3, 0.05], [0.55, 0.1]],
    "separation": {"x": 0.5, "y": 0.08, "r": 0.05},
    "scene": {
        "angles": {
            "joint_1": 0.4, "joint_2": 0.6, "joint_3": 0.9, "joint_4": -0.3, "joint_5": 0.7,
            "joint_6": 0.2, "gripper": 0.5,
        },
        "people": [{"id": 1, "from": [1.9, 0.2, 0.0], "to": [1.9, 0.2, 2.0], "r": 0.3}],
        "pair": {"from": [0.5, 0.2, 0.5], "to": [1.6, 0.2, 0.5], "way": [1.0, 0.0, 0.0]},
    },
    "inputs": {
        "mode": "collaborative", "reset": False, "start": False, "enabling_switch": "released",
        "emergency_stop_input": False, "guards": "open", "simulated": True,
    },
    "motion": {"phase": "held", "path": 1.0, "ratio": 0.0},
    "motors": {"gate": "hold", "reason": "standstill"},
    "task": {
        "phase": "waiting", "recipe": "hand_over", "title_key": "recipe.hand_over", "cycle": 1,
        "run_id": "run", "pausing": False, "plan": PLAN, "texts": [],
        "step": 2, "steps": 4,
        "step_id": "hand", "actor": "both", "automation": "confirm", "text_key": "step.hand",
        "handoff": "offered", "reason": "", "question": QUESTION,
    },
    "recipes": None,
}  # fmt: skip


class ScriptedCell:
    """The backend of the server; keeps every act that reached it."""

    def __init__(self):
        self.state = deepcopy(STATE)
        self.acts, self.refusals = [], []
        self.reply = {"accepted": True, "reason": ""}
        self.silent = False
        self.facts = about(CELL)
        self.shelf = PanelRecipes(CELL)

    def about(self):
        return self.facts

    def model(self):
        return MODEL

    def snapshot(self):
        return self.state

    def refused(self, body, reason):
        self.refusals.append((body["operator"], body["question_id"], reason))

    async def _act(self, kind, body):
        if self.silent:
            raise TimeoutError
        self.acts.append((kind, body))
        return dict(self.reply)

    async def answer(self, body):
        reply = await self._act("answer", body)
        if reply["accepted"]:
            self.state["task"]["question"] = NO_QUESTION
        return reply

    async def request_stop(self, body):
        return await self._act("stop", body)

    async def press(self, body):
        return await self._act("press", body)

    def recipes(self):
        return self.shelf.rows()

    def drawing(self, name, language):
        return self.shelf.drawn(name, language)

    async def start_run(self, body):
        reply = await self._act("start", body)
        if reply["accepted"]:
            self.state["task"] = {**self.state["task"], **RUNNING, "recipe": body["recipe"]}
        return reply

    async def control_run(self, body):
        return await self._act("control", body)

    async def set_automation(self, body):
        return await self._act("level", body)


people.SCRYPT_N, people.SCRYPT_P = 2, 1  # what a PIN costs is not what is tried


class Cell:
    """A served cell: its address, its access, what its audit trail got, and its end."""

    def __init__(self, backend, settings, state_dir, training):
        self.recipes = state_dir / "recipes"
        self.recipes.mkdir()
        self.audited, self.complaints = [], []
        self.disk_full = False
        self.later_s = 0.0
        self.access = Access(
            state_dir, settings, note=self.note, simulated=backend.facts["simulated"],
            training=training, complain=self.complaints.append,
            clock=lambda: time.monotonic() + self.later_s,
        )  # fmt: skip

    def note(self, kind, data):
        if self.disk_full:
            raise OSError("no space left")
        self.audited.append((kind, dict(data)))


@contextlib.contextmanager
def opened(backend, settings=SETTINGS, port=0, training=True, tls=None, keep=None):
    """Serve a scripted cell in a thread; give its `Cell`, with `url` and `end`.

    What people tell each other is kept in the folder `keep`, else as long as the cell is served.
    """
    loop = new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    with tempfile.TemporaryDirectory() as state_dir:
        cell = Cell(backend, settings, Path(state_dir), training)
        folder = keep or Path(state_dir)
        books = [Book(folder / f"{name}.jsonl") for name in ("andon", "handover", "kaizen")]
        cell.books = Books(andon=books[0], handover=books[1], kaizen=books[2])
        cell.photos = Photos(folder / "photos")
        cell.records = folder / "records"
        server = PanelServer(
            settings, backend, cell.access, recipes=cell.recipes, port=port, books=cell.books,
            photos=cell.photos, tls=tls, record=Spans(cell.records, keep_s=KEEP_S),
        )  # fmt: skip
        cell.server, cell.loop = server, loop
        cell.url = run_coroutine_threadsafe(server.start(), loop).result(10)
        ended = []

        def end():
            if not ended:
                ended.append(True)
                run_coroutine_threadsafe(server.stop(), loop).result(10)

        cell.end = end
        try:
            yield cell
        finally:
            end()
            run_coroutine_threadsafe(sleep(0), loop).result(10)  # connections that were cut end
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()
            for book in books:
                book.close()


@contextlib.contextmanager
def served(backend, settings=SETTINGS, port=0):
    """Serve a scripted cell that signs browsers in by itself; give its address, and its end."""
    with opened(backend, settings, port) as cell:
        yield cell.url, cell.end
