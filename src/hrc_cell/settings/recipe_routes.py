"""Where the steps of a recipe lead, as a graph, and what of it leads nowhere.

Nodes are the places of the steps in the file; the end comes after the last. A step leads to the one
that its answer or its `next` names, else to the next of the file. The last step of a repeated group
leads to the group's first step, too. Refused are names that no step has, steps that nothing leads
to, steps that do not lead to the end, loops that no person takes part in, because those would run
for ever, and ways on which the gripper still holds a part where it is to receive one. A loop that a
count ends is none, as long as it stays within its group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from hrc_cell.settings.schema import Flaw

END = "end"
NAME = "[a-z][a-z0-9_]*"
Graph = dict[int, set[int]]


class Answer(Protocol):
    """What of an answer bears on the way."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def to(self) -> str:
        """Return where it leads, "" as the step itself."""


class Place(Protocol):
    """What of a step bears on the way."""

    @property
    def id(self) -> str:
        """Return its name."""

    @property
    def next(self) -> str:
        """Return what comes after it, "" the next of the file."""

    @property
    def answers(self) -> Sequence[Answer]:
        """Return what a person may answer."""

    @property
    def needs_person(self) -> bool:
        """Return whether it cannot end without a person."""

    @property
    def leaves_part(self) -> bool | None:
        """Return whether the gripper holds a part after it, None where it is as before."""

    @property
    def comes_empty(self) -> bool:
        """Return whether the gripper must be empty when a person is to give it a part."""


class Group(Protocol):
    """A repeated group."""

    @property
    def first(self) -> str:
        """Return the id of its first step."""

    @property
    def last(self) -> str:
        """Return the id of its last step."""

    @property
    def count(self) -> int | None:
        """Return how often it is gone through, None without a count."""

    @property
    def until(self) -> str:
        """Return the answer that ends it, "" with a count."""


def place_of(steps: Sequence[Place], name: str, here: int) -> int:
    """Return the place of a step by name: the one after `here` for "", the end for END.

    Raises ValueError for a name that no step has.
    """
    if name == END:
        return len(steps)
    return [step.id for step in steps].index(name) if name else here + 1


def extent(steps: Sequence[Place], group: Group) -> range:
    """Return the places of a group's steps."""
    return range(place_of(steps, group.first, 0), place_of(steps, group.last, 0) + 1)


def falls_through(step: Place) -> bool:
    """Return whether a step can end without an answer that leads elsewhere."""
    return not step.answers or any(not answer.to for answer in step.answers)


def leads_to(steps: Sequence[Place], groups: Sequence[Group], here: int) -> set[int]:
    """Return the places that a step can lead to; the end is len(steps)."""
    step = steps[here]
    found = {place_of(steps, answer.to, here) for answer in step.answers if answer.to}
    if falls_through(step):
        found.add(place_of(steps, step.next, here))
        found |= {extent(steps, g).start for g in groups if g.last == step.id}
    return found


def flaws_of_routes(steps: Sequence[Place], groups: Sequence[Group]) -> list[Flaw]:
    """Return everything wrong with where the steps lead; the consequences only of what is known."""
    if not steps:
        return [Flaw("steps", "is empty; a recipe needs at least one step")]
    return (
        flaws_of_names(dict(enumerate(steps)), dict(enumerate(groups)))
        or _flaws_of_groups(steps, groups)
        or _flaws_of_ways(steps, groups)
    )


def flaws_of_names(steps: Mapping[int, Place], groups: Mapping[int, Group], *,
                   others: Sequence[str] = ()) -> list[Flaw]:  # fmt: skip
    """Return the names that stand twice or that no step has.

    By their places in the file, so that it can be told of a file in part, too; `others` are ids of
    steps that could not be read.
    """
    wrong, known = [], [*others]
    for index, step in steps.items():
        if step.id in known:
            said = f"the step id {step.id} stands more than once; rename one"
            wrong.append(Flaw(f"steps[{index}].id", said, step.id))
        known.append(step.id)
    for key, name in _names(steps, groups):
        if name not in known and not (name == END and key.startswith("steps")):
            wrong.append(Flaw(key, f"no step has this id; there are {', '.join(known)}", name))
    return wrong


def _names(steps: Mapping[int, Place], groups: Mapping[int, Group]) -> Iterator[tuple[str, str]]:
    for index, step in steps.items():
        if step.next:
            yield f"steps[{index}].next", step.next
        for k, answer in enumerate(step.answers):
            if answer.to:
                yield f"steps[{index}].answers[{k}].to", answer.to
    for index, group in groups.items():
        yield f"repeats[{index}].first", group.first
        yield f"repeats[{index}].last", group.last


def _flaws_of_groups(steps: Sequence[Place], groups: Sequence[Group]) -> list[Flaw]:
    wrong: list[Flaw] = []
    extents = [extent(steps, group) for group in groups]
    for index, (group, own) in enumerate(zip(groups, extents, strict=True)):
        where = f"repeats[{index}]"
        if not own:
            wrong.append(
                Flaw(f"{where}.last", f"stands before {group.first}; swap them", group.last)
            )
        for other in extents[:index]:
            shared = {*own} & {*other}
            if shared and (own == other or shared not in ({*own}, {*other})):
                wrong.append(Flaw(where, "overlaps another group; a group lies within another, or "
                                  "beside it"))  # fmt: skip
        wrong += _flaws_of_until(where, steps[place_of(steps, group.last, 0)], group)
    return wrong


def _flaws_of_until(where: str, last: Place, group: Group) -> list[Flaw]:
    through = [answer.name for answer in last.answers if not answer.to]
    if group.until and group.until not in through:
        return [Flaw(
            f"{where}.until", f"the step {last.id} offers no such answer without a `to`; name one "
            "of its answers, and let that lead nowhere by itself", group.until,
        )]  # fmt: skip
    if group.until and len(through) == 1:
        return [Flaw(
            f"{where}.until", f"every other answer of {last.id} leads elsewhere, so nothing is "
            "repeated; add an answer without a `to`", group.until,
        )]  # fmt: skip
    if group.count and not falls_through(last):
        return [Flaw(
            f"{where}.count", f"every answer of {last.id} leads elsewhere, so nothing is repeated; "
            "add an answer without a `to`", group.count,
        )]  # fmt: skip
    return []


def _flaws_of_ways(steps: Sequence[Place], groups: Sequence[Group]) -> list[Flaw]:
    end = len(steps)
    graph: Graph = {i: leads_to(steps, groups, i) for i in range(end)}
    reached = {0} | _reached(graph, 0)
    wrong = [
        Flaw(f"steps[{i}]", f"nothing leads to {step.id}; name it in a `next` or a `to`, or remove "
             "it")
        for i, step in enumerate(steps) if i not in reached
    ]  # fmt: skip
    wrong += [
        Flaw(f"steps[{i}]", f"no way leads from {step.id} to the end; let a `next` or a `to` lead "
             f"out of the loop, or to {END}")
        for i, step in enumerate(steps) if i in reached and end not in _reached(graph, i)
    ]  # fmt: skip
    alone = {
        i: {j for j in graph[i] if j < end and not steps[j].needs_person}
        for i in graph
        if not steps[i].needs_person
    }
    counted = [extent(steps, group) for group in groups if group.count]
    for loop in _endless(alone, counted):
        names = ", ".join(steps[i].id for i in loop)
        wrong.append(Flaw(f"steps[{loop[0]}]", f"a loop without a person would never end: {names}; "
                          "use repeats with a count, or ask a person in it"))  # fmt: skip
    return wrong + _flaws_of_gripper(steps, graph)


def _flaws_of_gripper(steps: Sequence[Place], graph: Graph) -> list[Flaw]:
    """Return the steps that are to receive a part and that a way leads to with a full gripper."""
    holding = {i: there if steps[i].leaves_part is None else set() for i, there in graph.items()}
    wrong = []
    for i, step in enumerate(steps):
        full = _reached({**holding, i: graph[i]}, i) if step.leaves_part else set()
        wrong += [
            Flaw(f"steps[{j}]", f"the gripper still holds the part of {step.id} when it comes to "
                 f"{steps[j].id}; let a place or handover come between")
            for j in sorted(full) if j < len(steps) and steps[j].comes_empty
        ]  # fmt: skip
    return wrong


def _reached(graph: Graph, start: int) -> set[int]:
    """Return what can be come to from `start`, in one step or more."""
    found: set[int] = set()
    left = [*graph.get(start, ())]
    while left:
        here = left.pop()
        if here not in found:
            found.add(here)
            left += graph.get(here, ())
    return found


def _endless(graph: Graph, counted: Sequence[range]) -> Iterator[list[int]]:
    """Yield the loops that no count ends, each as its places in order."""
    seen: set[int] = set()
    for start in graph:
        if start in seen or start not in (ahead := _reached(graph, start)):
            continue
        loop = sorted(i for i in ahead if start in _reached(graph, i))
        seen |= {*loop}
        within = {i: graph[i] & {*loop} for i in loop}
        bound = [g for g in counted if {*loop} <= {*g} and g.start in within.get(g[-1], ())]
        if not bound:
            yield loop
            continue
        for group in bound:
            within[group[-1]] = within[group[-1]] - {group.start}
        yield from _endless(within, counted)
