"""operator_panel: the operator page, between the cell's topics and people's tablets.

The executor's thread only keeps the newest message of each topic; the server's thread turns them
into a snapshot ten times a second. Calls for a person are kept beside the journal and told to lamps
and other programs. Services are called from the server's thread, their answers
come back over `call_soon_threadsafe`.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import Any

from hrc_cell_interfaces.msg import (
    Humans,
    MotionPermit,
    MotionProgress,
    MotorStates,
    OperatorInputs,
    TaskState,
)
from hrc_cell_interfaces.srv import (
    AnswerQuestion,
    ControlRun,
    PressButton,
    RequestStop,
    RunRecipe,
    SetAutomation,
)
from rcl_interfaces.msg import IntegerRange, ParameterDescriptor

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.link_tree import drawing
from hrc_cell.adapters.panel.access import Access
from hrc_cell.adapters.panel.figures import KEEP_S
from hrc_cell.adapters.panel.kept import Books
from hrc_cell.adapters.panel.run_acts import RUN_ACTS
from hrc_cell.adapters.panel.server import PanelServer
from hrc_cell.adapters.panel.tls import context
from hrc_cell.adapters.record.audit import FOLDER, Audit
from hrc_cell.adapters.record.book import Book
from hrc_cell.adapters.record.events import RECORDS
from hrc_cell.adapters.record.photos import Photos
from hrc_cell.adapters.record.spans import Spans
from hrc_cell.nodes import panel_wire as wire
from hrc_cell.nodes.andon_lamp import TELL_S, AndonLamp
from hrc_cell.nodes.base import ALL, KEPT, NEWEST, CellNode, run
from hrc_cell.nodes.panel_recipes import PanelRecipes
from hrc_cell.nodes.panel_scene import Scene
from hrc_cell.nodes.parameters import declare_settings

CALL_TIMEOUT_S = 2.0
COMPLAIN_S = 30.0
ANDON, HANDOVER, KAIZEN, PHOTOS = "andon.jsonl", "handover.jsonl", "kaizen.jsonl", "photos"
TOPICS: dict[str, tuple[Any, Any]] = {
    "humans": (Humans, NEWEST),
    "safety_state": (MotionPermit, ALL),
    "motion_progress": (MotionProgress, NEWEST),
    "motor_states": (MotorStates, NEWEST),
    "operator_inputs": (OperatorInputs, KEPT),
    "task_state": (TaskState, KEPT),
}


class OperatorPanel(CellNode):
    """Shows the cell and passes answers on."""

    def __init__(self) -> None:
        super().__init__("operator_panel")
        self.declare_parameter(
            "port",
            -1,
            ParameterDescriptor(
                description="port of the page; -1: as in the cell's files, 0: a free one",
                integer_range=[IntegerRange(from_value=-1, to_value=65535)],
                read_only=True,
            ),
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._books: list[Book] = []

    def setup(self) -> None:
        """Listen; an address that is taken is told at once."""
        chosen = int(self.get_parameter("port").value)
        panel = self.cell.file.panel
        declare_settings(self, "panel", panel)
        self._port = panel.port if chosen < 0 else chosen
        description = load_description(self.cell)
        self._chain = description.chain
        self._about = wire.about(self.cell)
        self._model = drawing(description, self.cell)
        self._scene = Scene(self.cell, self._chain, self.age_s)
        self._newest: dict[str, tuple[Any, float]] = {}
        for name, (kind, qos) in TOPICS.items():
            self.create_subscription(kind, name, self._keep(name), qos)
        for source in self.cell.file.bodies:
            topic = f"bodies/{source.name}"
            self.create_subscription(Humans, topic, self._keep(topic), NEWEST)
        self._answers = self.create_client(AnswerQuestion, "answer_question")
        self._stops = self.create_client(RequestStop, "request_stop")
        self._presses = self.create_client(PressButton, "sim/press")
        self._starts = self.create_client(RunRecipe, "run_recipe")
        self._recipes = PanelRecipes(self.cell)
        self._levels = self.create_client(SetAutomation, "set_automation")
        self._controls = {act.value: self.create_client(ControlRun, act.value) for act in RUN_ACTS}
        tls = context(panel, self.state_dir)
        folder = self.cell.keep_folder(self.state_dir)
        self._loop = asyncio.new_event_loop()
        self._server = PanelServer(
            panel,
            self,
            self._access(),
            recipes=self.cell.folder / "recipes",
            port=self._port,
            books=self._open_books(),
            tls=tls,
            photos=Photos(folder / PHOTOS),
            record=Spans(folder / RECORDS, keep_s=KEEP_S),
        )
        self._thread = threading.Thread(target=self._loop.run_forever, name="page", daemon=True)
        self._thread.start()
        try:
            url = asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(10.0)
        except OSError as error:
            raise OSError(
                f"the page cannot listen on {panel.host}:{self._port}: {error.strerror}; "
                "another cell may run; choose another panel.port, or 0 for a free one"
            ) from error
        (self.state_dir / "panel.url").write_text(f"{url}\n", encoding="utf-8")
        self.get_logger().info(f"operator page: {url}")
        self._lamp = AndonLamp(self)
        self.create_timer(TELL_S, lambda: self._lamp.tell(self._server.andon.lamp()))

    def _open_books(self) -> Books:
        """Return what people told each other; beside the journal."""
        folder = self.cell.keep_folder(self.state_dir)
        for name in (ANDON, HANDOVER, KAIZEN):
            book = Book(folder / name)
            self._books.append(book)
            if book.damaged:
                self.get_logger().error(
                    f"{book.path}: {book.damaged} lines are damaged and were skipped; what they "
                    "said stands as before"
                )
        andon, handover, kaizen = self._books
        return Books(andon=andon, handover=handover, kaizen=kaizen)

    def _access(self) -> Access:
        """Return who may do what here; the audit trail stands beside the journal."""
        file, state_dir = self.cell.file, self.state_dir
        folder = self.cell.keep_folder(state_dir) / FOLDER
        audit = Audit(folder, size_max_mb=file.record.size_max_mb)
        complain = self.get_logger().error
        access = Access(
            state_dir, file.panel, note=audit.append, simulated=file.simulated,
            training=file.sim is not None and file.sim.training,
            complain=lambda text: complain(text, throttle_duration_sec=COMPLAIN_S),
        )  # fmt: skip
        if not access.training and not access.people.all():
            self.get_logger().warning(
                "nobody can sign in on the page yet; on this machine run "
                f"`hrc-cell people add ALIAS --role supervisor --cell {self.cell.folder} "
                f"--state {state_dir}`"
            )
        return access

    def close(self) -> None:
        """Cease to listen, then give the books back."""
        self._end_server()
        for book in self._books:
            book.close()
        self._books.clear()

    def _end_server(self) -> None:
        if self._loop is None or self._thread is None:
            return
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(2.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2.0)
        if not self._thread.is_alive():
            self._loop.close()
        self._loop = None

    def _keep(self, name: str) -> Any:
        def keep(msg: Any) -> None:
            self._newest[name] = (msg, time.monotonic())

        return keep

    # What the server asks for, on its thread.

    def about(self) -> dict[str, Any]:
        """Return what does not change: the floor, the zones, the scanners, who signed."""
        return self._about

    def model(self) -> dict[str, Any]:
        """Return the robot as it is drawn in space."""
        return self._model

    def snapshot(self) -> dict[str, Any]:
        """Return the state of the cell now."""
        newest, now_s = dict(self._newest), time.monotonic()

        def last(name: str) -> Any:
            return newest[name][0] if name in newest else None

        def age_s(name: str) -> float | None:
            return round(now_s - newest[name][1], 3) if name in newest else None

        return {
            "ages": {
                "permit_s": age_s("safety_state"), "humans_s": age_s("humans"),
                "motors_s": age_s("motor_states"), "task_s": age_s("task_state"),
                "inputs_s": age_s("operator_inputs"),
            },
            "permit": wire.permit(last("safety_state")),
            "humans": wire.humans(last("humans")),
            "arm": wire.arm(last("motor_states"), self._chain),
            "separation": wire.separation(
                last("safety_state"), last("humans"), last("motor_states"), self._chain
            ),
            "scene": self._scene.section(newest, now_s),
            "inputs": wire.inputs(last("operator_inputs")),
            "motion": wire.motion(last("motion_progress")),
            "motors": wire.motors(last("motor_states")),
            "task": wire.task(last("task_state")),
            "recipes": wire.recipes(last("task_state")),
        }  # fmt: skip

    async def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Pass a person's answer to the task manager."""
        reply = await self._call(
            self._answers,
            AnswerQuestion.Request(
                question_id=body["question_id"], state_version=body["state_version"],
                answer=body["answer"], operator_alias=body["operator"], device=body["device"],
                idempotency_key=body["idempotency_key"],
            ),
        )  # fmt: skip
        return {"accepted": reply.accepted, "reason": reply.reason}

    async def control_run(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the task manager to pause, resume ... the run."""
        request = ControlRun.Request(operator_alias=body["operator"], device=body["device"])
        reply = await self._call(self._controls[body["act"]], request)
        return {"accepted": reply.accepted, "reason": reply.reason}

    async def set_automation(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the task manager for another level of automation."""
        request = SetAutomation.Request(
            recipe=body["recipe"], step=body["step"], automation=body["automation"],
            operator_alias=body["operator"], device=body["device"],
        )  # fmt: skip
        reply = await self._call(self._levels, request)
        return {"accepted": reply.accepted, "reason": reply.reason}

    def recipes(self) -> list[dict[str, Any]]:
        """Return the recipes that can be started, as their files say now."""
        return self._recipes.rows()

    def drawing(self, name: str, language: str) -> str | None:
        """Return a recipe that was listed as an SVG drawing."""
        return self._recipes.drawn(name, language)

    async def start_run(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the task manager to begin a recipe."""
        request = RunRecipe.Request(recipe=body["recipe"], repeat=body["repeat"])
        reply = await self._call(self._starts, request)
        return {"accepted": reply.accepted, "reason": reply.reason}

    async def request_stop(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the monitor for a protective stop."""
        request = RequestStop.Request(device=body["device"], operator_alias=body["operator"])
        reply = await self._call(self._stops, request)
        return {"accepted": reply.accepted, "reason": "", "permit_seq": reply.permit_seq}

    async def press(self, body: dict[str, Any]) -> dict[str, Any]:
        """Press the simulated operator box."""
        request = PressButton.Request(control=body["control"], value=body["value"])
        reply = await self._call(self._presses, request)
        return {"accepted": reply.accepted, "reason": reply.reason}

    def refused(self, body: dict[str, Any], reason: str) -> None:
        """Tell of an answer that the page's server refused."""
        told = {
            "accepted": False, "reason": reason, "question_id": body["question_id"],
            "answer": body["answer"], "operator_alias": body["operator"],
            "device": body["device"],
        }  # fmt: skip
        self.tell("answer", told)

    async def _call(self, client: Any, request: Any) -> Any:
        """Return the response of a service. Raises TimeoutError when none comes in time."""
        if not client.service_is_ready():
            raise TimeoutError
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()

        def hand_over(future: Any) -> None:
            def give() -> None:
                if not answered.done():
                    answered.set_result(future.result())

            loop.call_soon_threadsafe(give)

        client.call_async(request).add_done_callback(hand_over)
        return await asyncio.wait_for(answered, CALL_TIMEOUT_S)


def main() -> None:
    """Run operator_panel."""
    run(OperatorPanel)


if __name__ == "__main__":
    main()
