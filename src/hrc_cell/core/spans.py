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
    visit: TaskMark | None = None  # with which the present step began
    uses: tuple[float, ...] | None = None  # of it, so far
    cycle: TaskMark | None = None  # with which the present cycle began
    cycle_known: bool = False
    stop: Stop | None = None
    stop_from: PermitMark | None = None


def fold(now: Open, mark: Mark) -> tuple[Open, list[Span]]:
    """Return what is under way after one more mark, and the spans that it ends."""
    time_s = None if isinstance(mark, Gap) else elapsed_s(now.last, mark)
    uses, cycle_known = _used(now, time_s), now.cycle_known and time_s is not None
    if isinstance(mark, TaskMark):
        return _task(now, mark, uses, cycle_known)
    permit, stop, stop_from, spans = _permit(now, mark)
    unseen = now.unseen or isinstance(mark, Gap)
    after = replace(
        now, last=mark, permit=permit, unseen=unseen, uses=uses, cycle_known=cycle_known, stop=stop,
        stop_from=stop_from,
    )  # fmt: skip
    return after, spans


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


def _used(now: Open, time_s: float | None) -> tuple[float, ...] | None:
    """Return the uses of the present step after a time; None: nobody knows how long or what for."""
    if now.uses is None or now.task is None or time_s is None:
        return None
    use = use_of(now.task, now.permit)
    if use is None:
        return None
    return tuple(
        before + time_s if one is use else before for one, before in zip(Use, now.uses, strict=True)
    )


def _permit(
    now: Open, mark: PermitMark | Gap
) -> tuple[State | None, Stop | None, PermitMark | None, list[Span]]:
    """Return the permit after a mark, the stop under way and its begin, and what ended."""
    if isinstance(mark, Gap):
        return None, None, None, [] if now.stop is None else [now.stop]
    if mark.state > State.STANDSTILL:
        if now.stop is None:
            return mark.state, None, None, []
        ended = replace(now.stop, lasted_s=elapsed_s(now.stop_from, mark))
        return mark.state, None, None, [ended]
    if now.permit is None or now.permit <= State.STANDSTILL:
        return mark.state, now.stop, now.stop_from, []
    recipe, step = ("", "") if now.visit is None else (now.visit.recipe, now.visit.step)
    stop = Stop(recipe=recipe, step=step, cause=mark.cause, begun_s=mark.at_s, lasted_s=None)
    return mark.state, stop, mark, []


def _task(
    now: Open, mark: TaskMark, uses: tuple[float, ...] | None, cycle_known: bool
) -> tuple[Open, list[Span]]:
    spans = list[Span]()
    active = mark.phase in ACTIVE
    visit, cycle = now.visit, now.cycle
    goes_on = active and cycle is not None and _cycle_of(cycle) == _cycle_of(mark)
    if visit is not None and not (goes_on and visit.step == mark.step):
        told = None if mark.phase is Phase.ABORTED else uses
        spans.append(
            Visit(recipe=visit.recipe, step=visit.step, begun_s=visit.at_s, uses=told)
        )  # fmt: skip
        visit = None
    if cycle is not None and not goes_on:
        spans += _ended(cycle, mark, cycle_known)
        cycle = None
    if active and visit is None:
        visit, uses = mark, None if now.unseen else NOTHING
    if active and cycle is None:
        cycle, cycle_known = mark, not now.unseen
    after = replace(
        now, last=mark, task=mark, unseen=False, visit=visit, uses=uses, cycle=cycle,
        cycle_known=cycle_known,
    )  # fmt: skip
    return after, spans


def _cycle_of(mark: TaskMark) -> tuple[str, str, int]:
    return mark.recipe, mark.run_id, mark.cycle


def _ended(cycle: TaskMark, mark: TaskMark, known: bool) -> list[Span]:
    """Return the cycle that a mark ends; one that was given up is none."""
    if mark.phase is Phase.ABORTED:
        return []
    through = mark.run_id == cycle.run_id and mark.phase is not Phase.IDLE
    lasted_s = elapsed_s(cycle, mark) if through and known else None
    return [Cycle(recipe=cycle.recipe, begun_s=cycle.at_s, lasted_s=lasted_s)]
