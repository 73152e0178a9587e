"""The task manager killed with -9 at random instants, again and again, in one long story.

A real process, real DDS; chance acts for everybody around it: people answer, refuse, take the
part, give it back or wait, somebody turns levels down, pauses, skips, the cell is stopped and
started, the executor fails. Whatever instant the process dies at:

- the gripper never opens around a part that is offered but for a confirmation of that handoff,
- it closes for a person but for a confirmation of that handoff, and what it then may hold it lets
  go only once it was sensed, or after a person's decision,
- a confirmation that was accepted is not lost, and no question is answered twice,
- the next process goes on with the same run, and tells no older state.

    pytest test/nodes/test_task_kills.py --kills 1000
"""

import os
import random
import shutil
import signal
import time
import uuid

import pytest
import rclpy
from hrc_cell_interfaces.msg import MotionPermit, TaskState
from hrc_cell_interfaces.srv import AnswerQuestion, ControlRun, RunRecipe, SetAutomation
from shop import Shop, process
from strategies import default_cell

from hrc_cell.adapters.record.journal import Journal
from hrc_cell.core.task import state_from
from hrc_cell.nodes.task_desk import CONTROLS

SEED = 20
LIFE_S = 2.0
RECIPE = """
title_key: t
steps:
  - {id: fetch, actor: robot, act: pick, automation: auto, text_key: t,
     poses: [above_tray, at_tray], requires: [{place: tray_1, occupied: true}]}
  - {id: show, actor: robot, act: move, automation: confirm, text_key: t, poses: [show_left]}
  - {id: hand, actor: both, act: handover, automation: confirm, text_key: t, poses: [offer]}
  - {id: check, actor: person, act: work, automation: manual, text_key: t,
     answers: [{name: good}, {name: again}, {name: scrap, to: end}]}
  - {id: give_back, actor: both, act: receive, automation: confirm, text_key: t, poses: [offer],
     sense_s: 0.3}
  - {id: put_back, actor: robot, act: place, automation: auto, text_key: t,
     poses: [above_done, at_done]}
  - {id: back, actor: robot, act: move, automation: auto, text_key: t, poses: [home]}
repeats:
  - {first: fetch, last: check, until: good}
"""
KEPT = {"confirmed", "released", "taken", "given", "closed", "received", "done"}
"""Handoffs that a person confirmed and that are carried through."""


class Story(Shop):
    """A shop in which chance acts."""

    def __init__(self, seed):
        super().__init__()
        self.chance, self.sent, self.looked = random.Random(seed), [], 0
        self.wished = set()
        self.version = self.kills = self.let_go = 0
        self.gripped = 0  # closings for a person
        self.unsensed = False  # closed for a person, and nothing sensed or decided since

    def latest(self):
        return self.states[-1] if self.states else None

    def act(self):
        """Let chance do one thing, or nothing."""
        what, now = self.chance.random(), self.latest()
        if now is None:
            return
        if self.permit < MotionPermit.STANDSTILL:
            if what < 0.3:
                self.permit = MotionPermit.STANDSTILL
        elif what < 0.001:
            self.permit = MotionPermit.LATCHED
        elif what < 0.002:
            self.executor.fail_next = ["fault: chance"]
        elif what < (0.1 if now.phase == TaskState.PAUSED else 0.005):
            self.ask(now)
        elif what < 0.008:
            level = self.chance.choice(["manual", "confirm", "auto"])
            step = self.chance.choice(["all", "fetch", "show", "hand"])
            request = SetAutomation.Request(recipe="story", step=step, automation=level)
            self.levels.call_async(request)
        elif what < 0.06 and now.handoff_state == "released":
            self.parts["gripper"] = False
        elif what < 0.06 and now.handoff_state == "received":
            self.permit = MotionPermit.FREE  # the person has left
            self.parts["gripper"] = self.chance.random() < 0.9
        elif what < 0.1 and now.question.id:
            self.reply(now)
        elif now.phase in (TaskState.IDLE, TaskState.DONE, TaskState.ABORTED) and what < 0.5:
            self.parts["gripper"] = self.unsensed = False  # a person looked
            self.runs.call_async(RunRecipe.Request(recipe="story", repeat=True))

    def ask(self, now):
        """Ask for something from outside; a paused run goes on."""
        name = self.chance.choice([*CONTROLS, *("pause_run", "repeat_step") * 3])
        name = "resume_run" if now.phase == TaskState.PAUSED else name
        self.controls[name].call_async(ControlRun.Request())

    def reply(self, now):
        """Answer as a person would: mostly yes, and look into the gripper before retrying."""
        asked = now.question
        first = self.chance.random() < 0.8
        option = asked.options[0] if first else self.chance.choice(list(asked.options))
        if option in ("retry", "abort") and now.step_id == "fetch":
            self.parts["gripper"] = False
        if now.step_id == "give_back":
            self.give_back(now, option)
        if option in ("retry", "offer_again") and now.step_id == "hand":
            self.parts["gripper"] = True
        if asked.kind == "handoff" and option == "confirm":
            self.wished.add(now.handoff_id)
        request = AnswerQuestion.Request(
            question_id=asked.id, state_version=asked.state_version, answer=option,
            operator_alias="anna", device="tablet", idempotency_key=uuid.uuid4().hex,
        )  # fmt: skip
        self.sent.append((now.handoff_id, request, self.answers.call_async(request)))

    def give_back(self, now, option):
        """Do what a person does beside answering, who holds the part in or looks at the gripper."""
        self.executor.empty = option == "confirm" and self.chance.random() < 0.2
        if now.handoff_state in ("awaited", "kept"):
            self.permit = min(self.permit, MotionPermit.STANDSTILL)
        elif now.handoff_state == "unsure":
            self.unsensed = self.unsensed and option not in ("retry", "abort")
            self.parts["gripper"] = self.chance.random() < 0.5
        elif now.handoff_state != "received":
            self.parts["gripper"] = False

    def live(self, child):
        """Let the process begin, live for a while that chance says, and kill it."""
        self.states.clear()
        self.until("its first state", lambda: self.states, 60.0)
        first = self.states[0]
        assert first.state_version >= self.version, "an older state than was told before"
        end_s = time.monotonic() + self.chance.uniform(0.0, LIFE_S)
        while time.monotonic() < end_s:
            self.spinner.spin_once(timeout_sec=0.01)
            self.act()
            self.opened()
        child.send_signal(signal.SIGKILL)
        child.wait()
        self.version = self.latest().state_version
        self.kills += 1

    def opened(self):
        """See that the gripper opened around a part only for a confirmation of that handoff."""
        now = self.latest()
        if now is not None and now.handoff_state in KEPT - {"taken", "done"}:
            assert now.handoff_id in self.wished, "nobody confirmed this handoff"
        if now is not None and (now.handoff_state == "received" or now.step_id == "put_back"):
            self.unsensed = False
        for (opening, held), step in self.executor.grasps[self.looked :]:
            self.gripped += opening == 0.0 and step == "give_back"
            self.unsensed = self.unsensed or (opening == 0.0 and step == "give_back")
            assert not (opening == 1.0 and self.unsensed), "opened, and nobody had decided it"
            if opening == 1.0 and step == "put_back":
                self.parts["gripper"] = False
                continue
            assert opening == 0.0 or not held or self.wished, "a part was let go unasked"
            if opening == 1.0 and held:
                self.let_go += 1
        self.looked = len(self.executor.held)
        if now is not None and now.step_id == "fetch":
            self.executor.empty = False
        most = len(self.wished) + self.kills
        assert max(self.let_go, self.gripped) <= most, "acted more often than confirmed"

    def agrees(self, journal):
        """Compare what was told and accepted with what is on disk; return the state there."""
        state = state_from(journal.last["state"])
        assert state.version >= self.version
        accepted = [one for one in self.sent if one[2].done() and one[2].result().accepted]
        questions = [request.question_id for _, request, _ in accepted]
        assert len(set(questions)) == len(questions), "a question was answered twice"
        for handoff, request, future in accepted:
            assert future.result().state_version <= state.version, "an accepted answer was lost"
            if request.answer == "confirm" and handoff and handoff == state.handoff_id:
                kept = state.handoff.value in KEPT
                undone = state.version > future.result().state_version
                assert kept or undone
        if state.handoff.value in KEPT - {"taken", "done"}:
            assert state.handoff_id in self.wished
        return state


@pytest.fixture
def folder(tmp_path):
    made = shutil.copytree(default_cell().folder, tmp_path / "cell")
    (made / "recipes" / "story.yaml").write_text(RECIPE, encoding="utf-8")
    cell = (made / "cell.yaml").read_text(encoding="utf-8")
    assert "autorun: true" in cell
    (made / "cell.yaml").write_text(cell.replace("autorun: true", "autorun: false"), "utf-8")
    return made


@pytest.mark.patience(4 * 3600)
@pytest.mark.req("S4")
def test_whatever_instant_the_task_manager_dies_at(folder, tmp_path, pytestconfig):
    name = f"/kills_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    arguments = ["--ros-args", "-r", f"__ns:={name}", "-p", f"cell:={folder}",
                 "-p", f"state_dir:={tmp_path / 'state'}"]  # fmt: skip
    rclpy.init(args=arguments)
    story, child = Story(SEED), None
    story.permit = MotionPermit.STANDSTILL
    ends = set()
    try:
        while story.kills < pytestconfig.getoption("kills"):
            child = process(arguments)
            story.live(child)
            path = tmp_path / "state" / "journal.jsonl"
            if path.exists() and path.stat().st_size:
                journal = Journal(path)
                if journal.last is not None:
                    state = story.agrees(journal)
                    ends.add((state.op.value, state.phase.name))
                journal.close()
        print(
            f"{story.kills} kills in {sorted(ends)}; {len(story.wished)} confirmations, "
            f"{story.let_go} parts let go, {story.gripped} received"
        )
        assert len(ends) >= 6, "the story stood still"
        assert story.wished
    finally:
        if child is not None:
            child.kill()
            child.wait()
        story.executor.close()
        story.node.destroy_node()
        rclpy.try_shutdown()
