"""How long what took: the marks of a record, in the order in which they were written, to spans.

A mark is a transition of the task, a permit that says something new, or a gap: from there on nobody
wrote down what happened. Out of them come visits of steps, with the use of every second of them;
cycles; and stops, each a change from a permit that lets the arm move to one that does not, until
one lets it move again. No mark, and so no span, names a person.

Each mark has two times: `at_s` when it happened, in seconds since 1970, and `mono_s` when it was
written, in seconds of the monotonic clock. A time between two marks counts only where both clocks
tell the same within CLOCKS_S: where somebody set the clock, the machine was started anew, or a line
was written late, it is unknown. So is all that was under way at a gap, or had begun before it. The
unknown is counted, never guessed.

What a second was used for:

| use | while |
|---|---|
| works | the robot moves or may move, grips, or waits a time of its own |
| person | a person does the step's work |
| for_person | the robot waits for a person, or for the part or signal that the step needs |
| for_robot | a movement is to be made and the permit lets the arm stand |
| paused | somebody has paused the run |
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from hrc_cell.core.safety import State
from hrc_cell.core.task import Op, Phase

CLOCKS_S = 1.0
ACTIVE = (Phase.RUNNING, Phase.WAITING, Phase.HELD, Phase.PAUSED)


class Use(Enum):
    """What the time of a step was used for."""

    WORKS = "works"
    PERSON = "person"
    FOR_PERSON = "for_person"
    FOR_ROBOT = "for_robot"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """From here on nothing is known."""

    at_s: float
    mono_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMark:
    """The task from here on."""

    at_s: float
    mono_s: float
    phase: Phase
    recipe: str
    run_id: str
    cycle: int
    step: str
    op: Op


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitMark:
    """The permit from here on."""

    at_s: float
    mono_s: float
    state: State
    cause: str  # without what it is about


Mark = Gap | TaskMark | PermitMark


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A step, from its first transition to the first of another. `uses`: seconds of each Use."""

    recipe: str
    step: str
    begun_s: float
    uses: tuple[float, ...] | None  # None: unknown

    @property
    def lasted_s(self) -> float | None:
        """Return how long it lasted, None where that is unknown."""
        return None if self.uses is None else sum(self.uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A recipe gone through once."""

    recipe: str
    begun_s: float
    lasted_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The arm was let move, and then not. `step`: of the run then, "" for none."""

    recipe: str
    step: str
    cause: str
    begun_s: float
    lasted_s: float | None


Span = Visit | Cycle | Stop
NOTHING = (0.0,) * len(Use)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """What is under way. It begins unseen: what the first marks find had begun before."""

    last: Mark | None = None
    task: TaskMark | None = None
    permit: State | None = None  # None: unknown
    unseen: bool = True  # no transition of the task since a gap
    visit: Visit | None = None
    cycle: Cycle | None = None
    cycle_from: TaskMark | None = None
    stop: Stop | None = None
    stop_from: PermitMark | None = None


def fold(now: Open, mark: Mark) -> tuple[Open, list[Span]]:
    """Return what is under way after one more mark, and the spans that it ends."""
    now = _passed(now, None if isinstance(mark, Gap) else elapsed_s(now.last, mark))
    now = replace(now, last=mark)
    if isinstance(mark, Gap):
        stopped: list[Span] = [] if now.stop is None else [now.stop]
        return replace(now, permit=None, unseen=True, stop=None, stop_from=None), stopped
    return _permit(now, mark) if isinstance(mark, PermitMark) else _task(now, mark)


def elapsed_s(first: Mark | None, then: Mark) -> float | None:
    """Return the time between two marks, None where the clocks do not agree on it.

    >>> elapsed_s(Gap(at_s=5.0, mono_s=1.0), Gap(at_s=7.0, mono_s=3.1))
    2.0
    >>> elapsed_s(Gap(at_s=5.0, mono_s=1.0), Gap(at_s=3605.0, mono_s=3.0))
    """
    if first is None:
        return None
    by_stamp_s, by_clock_s = then.at_s - first.at_s, then.mono_s - first.mono_s
    fits = by_stamp_s >= 0.0 and abs(by_stamp_s - by_clock_s) <= CLOCKS_S
    return by_stamp_s if fits else None


def use_of(task: TaskMark, permit: State | None) -> Use | None:
    """Return what time is used for in this state of an active task, None where that is unknown."""
    if task.phase is Phase.PAUSED:
        return Use.PAUSED
    if task.phase is not Phase.RUNNING:
        return Use.PERSON if task.op is Op.WORK and task.phase is Phase.WAITING else Use.FOR_PERSON
    if task.op is not Op.MOVE:
        return Use.WORKS
    if permit is None:
        return None
    return Use.FOR_ROBOT if permit <= State.STANDSTILL else Use.WORKS


def _passed(now: Open, time_s: float | None) -> Open:
    """Return what is under way after a time; None: nobody knows how long and what for."""
    cycle, visit = now.cycle, now.visit
    if time_s is None and cycle is not None:
        cycle = replace(cycle, lasted_s=None)
    if visit is not None and visit.uses is not None and now.task is not None:
        use = use_of(now.task, now.permit)
        uses = None
        if use is not None and time_s is not None:
            more = tuple(time_s if one is use else 0.0 for one in Use)
            uses = tuple(a + b for a, b in zip(visit.uses, more, strict=True))
        visit = replace(visit, uses=uses)
    return replace(now, cycle=cycle, visit=visit)


def _permit(now: Open, mark: PermitMark) -> tuple[Open, list[Span]]:
    before, now = now.permit, replace(now, permit=mark.state)
    if mark.state > State.STANDSTILL:
        if now.stop is None:
            return now, []
        ended = replace(now.stop, lasted_s=elapsed_s(now.stop_from, mark))
        return replace(now, stop=None, stop_from=None), [ended]
    if before is None or before <= State.STANDSTILL:
        return now, []
    visit = now.visit
    recipe, step = ("", "") if visit is None else (visit.recipe, visit.step)
    stop = Stop(recipe=recipe, step=step, cause=mark.cause, begun_s=mark.at_s, lasted_s=None)
    return replace(now, stop=stop, stop_from=mark), []


def _task(now: Open, mark: TaskMark) -> tuple[Open, list[Span]]:
    before, spans = now.task, list[Span]()
    active = mark.phase in ACTIVE
    same_cycle = active and before is not None and _cycle_of(before) == _cycle_of(mark)
    if now.visit is not None and before is not None:
        if not (same_cycle and before.step == mark.step):
            cut = mark.phase is Phase.ABORTED
            spans.append(replace(now.visit, uses=None) if cut else now.visit)
            now = replace(now, visit=None)
        if now.cycle is not None and not same_cycle:
            spans += _ended(now, mark)
            now = replace(now, cycle=None, cycle_from=None)
    if active and now.visit is None:
        uses = None if now.unseen else NOTHING
        visit = Visit(recipe=mark.recipe, step=mark.step, begun_s=mark.at_s, uses=uses)
        now = replace(now, visit=visit)
    if active and now.cycle is None:
        known = None if now.unseen else 0.0
        cycle = Cycle(recipe=mark.recipe, begun_s=mark.at_s, lasted_s=known)
        now = replace(now, cycle=cycle, cycle_from=mark)
    return replace(now, task=mark, unseen=False), spans


def _cycle_of(mark: TaskMark) -> tuple[str, str, int]:
    return mark.recipe, mark.run_id, mark.cycle


def _ended(now: Open, mark: TaskMark) -> list[Span]:
    """Return the cycle that a mark ends; one that was given up is none."""
    if now.cycle is None or now.cycle_from is None or mark.phase is Phase.ABORTED:
        return []
    through = mark.run_id == now.cycle_from.run_id and mark.phase is not Phase.IDLE
    known = through and now.cycle.lasted_s is not None
    return [replace(now.cycle, lasted_s=elapsed_s(now.cycle_from, mark) if known else None)]
