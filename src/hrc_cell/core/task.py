"""Values of the task: its state, what happens to it, what it wants done.

All of them are data: the state is written to the journal whole, so that reading its last line is
all it takes to go on after a crash. No time stands in it; a wait is counted by who runs the
command and begins anew after a crash, which can only make a person wait longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum, IntEnum
from typing import Any

from hrc_cell.core.handoff import Handoff

ALL = "all"
"""Stands for every step of a recipe."""
ANSWERS_KEPT = 16
"""Answers remembered to recognise a repeated one. A longer memory only names the refusal better."""


class Phase(IntEnum):
    """Whose turn it is; the values are those of TaskState.msg."""

    IDLE = 0
    RUNNING = 1
    WAITING = 2
    HELD = 3
    DONE = 4
    ABORTED = 5
    PAUSED = 6


class Control(Enum):
    """What can be asked of a run from outside."""

    PAUSE = "pause"  # at the next safe place
    RESUME = "resume"
    CANCEL = "cancel"
    SKIP = "skip"  # the present step
    REPEAT = "repeat"  # the present step, from its beginning


class Op(Enum):
    """The pieces of which steps are made."""

    NONE = ""
    CHECK = "check"  # until what the step requires is so
    GO = "go"  # ask whether to begin
    OPEN = "open"  # before a pick
    MOVE = "move"
    GRASP = "grasp"
    SET_DOWN = "set_down"
    OFFER = "offer"  # ask whether to release
    PULL = "pull"  # until the person pulls, where the recipe wants that
    RELEASE = "release"
    AWAIT = "await"  # until the part is taken
    ASK = "ask"  # ask whether to close around the part
    CLOSE = "close"  # around the part that a person holds in
    SENSE = "sense"  # until the gripper's sensor sees it
    CLEAR = "clear"  # until the person has made room
    WORK = "work"  # ask whether the work is done
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question to a person."""

    id: str
    kind: str  # handoff, step, confirm, recover
    risk_class: int  # 0 tap .. 2 hold
    text_key: str
    args: tuple[str, ...]  # key=value
    options: tuple[str, ...]
    state_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer that was accepted."""

    question_id: str
    answer: str
    by: str
    key: str  # idempotency key
    state_version: int  # that it led to


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How far the robot acts by itself in a step, as a person has set it."""

    recipe: str
    step: str
    automation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """The task, as it stands in the journal."""

    version: int = 0  # one more with every transition
    phase: Phase = Phase.IDLE
    recipe: str = ""
    recipe_sha256: str = ""
    run_id: str = ""
    repeat: bool = False
    cycles: int = 1  # so often, unless again and again
    cycle: int = 0  # from 1
    step_index: int = 0
    op: Op = Op.NONE
    command: int = 0  # number of the command under way or last ended
    tries: int = 0  # failed tries of this step
    handoff: Handoff = Handoff.NONE
    handoff_id: str = ""
    reason: str = ""  # "code" or "code: detail", why HELD or ABORTED
    question: Question | None = None
    answers: tuple[Answer, ...] = ()  # the newest last
    rounds: tuple[int, ...] = ()  # gone through of each repeated group; empty: none of any
    levels: tuple[Level, ...] = ()  # where a person wants less than the recipe's file
    turned_down: bool = False  # in this step: it asks before its next piece
    after: Op = Op.NONE  # piece that such a question is about
    pausing: bool = False  # rests at the next safe place
    by_hand: bool = False  # a person wants the part without a pull, and is asked once more
    done: tuple[int, ...] = ()  # steps before the present one that were done in this cycle

    @property
    def active(self) -> bool:
        """Return whether a run is under way."""
        return self.phase in (Phase.RUNNING, Phase.WAITING, Phase.HELD, Phase.PAUSED)


# What happens. `command` is the number of the command that an event answers.


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequested:
    """Somebody, or the cell itself, wants a run begun."""

    run_id: str  # never used before
    repeat: bool  # again and again
    cycles: int = 1  # else so often


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDone:
    """The arm is at rest at the end of its path."""

    command: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GripDone:
    """The gripper has come to rest."""

    command: int
    reached: bool
    holding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed:
    """A movement was refused or given up."""

    command: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeReached:
    """A wait is over."""

    command: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsChanged:
    """Sensors, signals, the arm's permit or a person's pull say something new, or fell silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A person answered."""

    question_id: str
    state_version: int
    answer: str
    by: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationSet:
    """A person sets how far the robot acts by itself."""

    recipe: str
    step: str  # its id, or ALL
    automation: str
    by: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Controlled:
    """Somebody who leads the task from outside wants something of the run."""

    control: Control
    by: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The cell was stopped so that a person must start it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    """The state was read from the journal by a new process."""


Event = (
    RunRequested | MoveDone | GripDone | CommandFailed | TimeReached | PartsChanged | Answered
    | AutomationSet | Controlled | Stopped | Restarted
)  # fmt: skip


# What the task wants done. Doing any of them twice is the same as doing it once.


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePath:
    """Move through named poses. Ends in MoveDone or CommandFailed."""

    command: int
    poses: tuple[str, ...]
    speed_ratio: float
    step: str = ""  # id of the step that it serves
    tool: str = ""  # what the arm carries
    contact_region: str = ""  # that the step may touch, "" none


@dataclass(frozen=True, slots=True, kw_only=True)
class Grip:
    """Open or close the gripper. Ends in GripDone or CommandFailed."""

    command: int
    opening_ratio: float  # 0 closed, 1 open


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Count time. Ends in TimeReached."""

    command: int
    time_s: float


Command = MovePath | Grip | Wait


# To the journal and back.


def as_data(value: Any) -> dict[str, Any]:
    """Return a state or an event as plain JSON data."""
    return {name: _plain(item) for name, item in asdict(value).items()}


def _plain(item: Any) -> Any:
    return item.value if isinstance(item, Enum) else item


LATER: dict[str, Any] = {
    "rounds": [], "levels": [], "turned_down": False, "after": "", "cycles": 1, "pausing": False,
    "by_hand": False, "done": [],
}  # fmt: skip
"""What journals of earlier versions do not say, and what was so in them."""


def state_from(data: Mapping[str, Any]) -> TaskState:
    """Return the state that `as_data` was given. Raises ValueError if it is not one."""
    data = {**LATER, **data}
    names = {item.name for item in fields(TaskState)}
    if set(data) != names:
        raise ValueError(f"a task state has not these keys: {sorted(set(data) ^ names)}")
    try:
        question = data["question"]
        rest = {
            "phase": Phase(data["phase"]),
            "op": Op(data["op"]),
            "handoff": Handoff(data["handoff"]),
            "question": None if question is None else _question_from(question),
            "answers": tuple(Answer(**answer) for answer in data["answers"]),
            "rounds": tuple(data["rounds"]),
            "done": tuple(data["done"]),
            "levels": tuple(Level(**level) for level in data["levels"]),
            "after": Op(data["after"]),
        }
    except (TypeError, KeyError) as error:
        raise ValueError(f"not a task state: {error}") from error
    return TaskState(**{**data, **rest})


def _question_from(data: Mapping[str, Any]) -> Question:
    texts = {"args": tuple(data["args"]), "options": tuple(data["options"])}
    return Question(**{**data, **texts})
