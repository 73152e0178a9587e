"""A recipe played in simulated time: events go in, the state and what it wants can be looked at."""

import json
from dataclasses import replace

from hrc_cell.core.given import Given
from hrc_cell.core.pieces import wanted
from hrc_cell.core.recipe import advance
from hrc_cell.core.task import (
    Answered,
    CommandFailed,
    Control,
    Controlled,
    Grip,
    GripDone,
    MoveDone,
    MovePath,
    PartsChanged,
    Restarted,
    RunRequested,
    TaskState,
    TimeReached,
    Wait,
    as_data,
    state_from,
)
from hrc_cell.settings.recipe import Recipe, Step

GONE = {"gripper": False, "handover": False}
HELD = {"gripper": True, "handover": False}


def step_of(act, *, name="one", automation="auto", actor=None, **more):
    actor = actor or {"handover": "both", "receive": "both", "work": "person"}.get(act, "robot")
    poses = () if act in ("work", "wait") else ("above", "at")
    rest = {"text_key": f"step.{name}", "poses": poses, "time_s": 3.0, "timeout_s": 60.0, **more}
    return Step(id=name, actor=actor, act=act, automation=automation, **rest)


class Play:
    """A recipe being played: events go in, the state and what it wants can be looked at."""

    def __init__(self, *steps, repeats=(), repeat=False, retry_max=1, parts=None, begin=True):
        recipe = Recipe(name="tried", title_key="recipe.tried", steps=steps, repeats=repeats)
        parts = GONE if parts is None else parts
        self.given = Given(recipe=recipe, retry_max=retry_max, parts=parts, gripper_permitted=True)
        self.state, self.seen, self.keys = TaskState(), [], 0
        if begin:
            self.feed(RunRequested(run_id="r", repeat=repeat))

    def feed(self, event):
        passed = advance(self.given, self.state, event)
        self.seen += passed
        self.state = passed[-1] if passed else self.state
        return passed

    @property
    def want(self):
        return wanted(self.given.recipe, self.state)

    def do(self):
        """Do what is wanted, successfully."""
        want = self.want
        if isinstance(want, MovePath):
            return self.feed(MoveDone(command=want.command))
        if isinstance(want, Grip):
            closed = want.opening_ratio == 0.0
            if closed:
                self.given = replace(self.given, parts=HELD)
            done = GripDone(command=want.command, reached=not closed, holding=closed)
            return self.feed(done)
        assert isinstance(want, Wait)
        return self.feed(TimeReached(command=want.command))

    def fail(self, reason="fault: tried"):
        return self.feed(CommandFailed(command=self.want.command, reason=reason))

    def sense(self, parts):
        self.given = replace(self.given, parts=parts)
        return self.feed(PartsChanged())

    def answer(self, answer, **changes):
        asked, self.keys = self.state.question, self.keys + 1
        told = {
            "question_id": asked.id, "state_version": asked.state_version, "answer": answer,
            "by": "anna", "key": f"k{self.keys}", **changes,
        }  # fmt: skip
        event = Answered(**told)
        return self.feed(event)

    def handoffs(self):
        states = [s.handoff.value for s in self.seen]
        return [s for i, s in enumerate(states) if i == 0 or s != states[i - 1]]

    def control(self, control):
        return self.feed(Controlled(control=Control(control), by="plc", device=""))

    def crash(self):
        """Go on in a new process that knows no more than the journal."""
        self.state = state_from(json.loads(json.dumps(as_data(self.state))))
        return self.feed(Restarted())
