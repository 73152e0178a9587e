"""A cell whose run is the real one: recipe, decisions and messages are those of the task manager.

Only the robot's hands are the test's: `do` ends the piece under way as it should end.
"""

from builtin_interfaces.msg import Time

from hrc_cell.core import recipe as core
from hrc_cell.core.given import Given
from hrc_cell.core.levels import level_refusal
from hrc_cell.core.pieces import wanted
from hrc_cell.core.task import (
    Answered,
    AutomationSet,
    Control,
    Controlled,
    Grip,
    GripDone,
    MoveDone,
    PartsChanged,
    RunRequested,
    TaskState,
)
from hrc_cell.nodes import panel_wire, task_wire
from hrc_cell.nodes.task_desk import CONTROLS
from hrc_cell.settings.recipe import Choice, Instruction, Recipe, Step
from panel.scripted import STATE, ScriptedCell

LOOK = {
    "en": Instruction(text="Look at both faces. No burr may be felt.", picture="burr.png"),
    "vi": Instruction(text="Hãy xem cả hai mặt. Không được sờ thấy ba via.", picture="burr.png"),
}
RECIPE = Recipe(
    name="bolts", title_key="Bolts for housing 7",
    steps=(
        Step(id="fetch", actor="robot", act="pick", automation="auto", text_key="step.fetch",
             poses=("above", "at")),
        Step(id="show", actor="robot", act="move", automation="auto", text_key="step.show",
             poses=("left",)),
        Step(id="check", actor="person", act="work", automation="manual", text_key="step.check",
             instructions=LOOK, answers=(
                 Choice(name="good", to="back", texts={"en": "Good", "vi": "Đạt"}),
                 Choice(name="scrap", to="end", texts={"en": "Scrap", "vi": "Loại bỏ"}),
             )),
        Step(id="back", actor="robot", act="move", automation="auto", text_key="step.back",
             poses=("home",)),
    ),
)  # fmt: skip
"""One that was added while the cell ran: its title stands in no catalogue."""


class PlayedCell(ScriptedCell):
    """The backend of the server, with a run of `RECIPE`."""

    def __init__(self):
        super().__init__()
        self.parts = {"gripper": False, "handover": False}
        self.task = TaskState()
        self.free()
        self.begin()

    def free(self):
        """Let the monitor say that the robot may move."""
        self.state["permit"] = {**STATE["permit"], "state": "free", "cause": ""}

    def begin(self):
        """Begin a run."""
        assert self.feed(RunRequested(run_id=f"run{self.task.version}", repeat=False))

    @property
    def _given(self):
        return Given(recipe=RECIPE, retry_max=1, parts=self.parts, gripper_permitted=True)

    def feed(self, event):
        """Let something happen; return whether it changed anything."""
        passed = core.advance(self._given, self.task, event)
        self.task = passed[-1] if passed else self.task
        told = task_wire.message(self.task, RECIPE, Time(), journal_broken=False)
        self.state["task"] = panel_wire.task(told)
        return bool(passed)

    def do(self):
        """End the robot's piece under way."""
        want = wanted(RECIPE, self.task)
        if isinstance(want, Grip):
            closed = want.opening_ratio == 0.0
            self.parts = {**self.parts, "gripper": closed}
            self.feed(GripDone(command=want.command, reached=not closed, holding=closed))
        else:
            self.feed(MoveDone(command=want.command))
        self.feed(PartsChanged())

    def until(self, step):
        """Let the robot work until a step is the present one."""
        for _ in range(20):
            if RECIPE.steps[self.task.step_index].id == step:
                return
            self.do()
        raise AssertionError(f"never came to {step}")

    async def control_run(self, body):
        """Do as the task manager's desk does."""
        await self._act("control", body)
        control: Control = CONTROLS[body["act"]]
        reason = core.control_refused(self._given, self.task, control)
        if not reason:
            self.feed(Controlled(control=control, by=body["operator"], device=body["device"]))
        return {"accepted": not reason, "reason": reason}

    async def set_automation(self, body):
        """Do as the task manager's desk does."""
        await self._act("level", body)
        event = AutomationSet(
            recipe=body["recipe"], step=body["step"], automation=body["automation"],
            by=body["operator"], device=body["device"],
        )  # fmt: skip
        reason = level_refusal(RECIPE, self.task, event)
        if not reason:
            self.feed(event)
        return {"accepted": not reason, "reason": reason}

    async def answer(self, body):
        """Do as the task manager's desk does."""
        await self._act("answer", body)
        event = Answered(
            question_id=body["question_id"], state_version=body["state_version"],
            answer=body["answer"], by=body["operator"], key=body["idempotency_key"],
        )  # fmt: skip
        reason = core.refusal(self._given, self.task, event)
        if not reason:
            self.feed(event)
        return {"accepted": not reason, "reason": reason}
