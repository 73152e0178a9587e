"""Both ways in the simulated cell: fetch, hand over, a person works, receive, put back.

Real processes, real DDS. The simulated person takes and gives by itself; what a person says is said
on the operator page and at the desk, as people say it.
"""

import json
import math
import uuid

import pytest
from hrc_cell_interfaces.msg import MotionPermit, TaskState
from hrc_cell_interfaces.srv import AnswerQuestion

from hrc_cell.cli.page_client import PageClient
from hrc_cell.cli.story import sensed
from hrc_cell.cli.supervisor import Supervisor
from hrc_cell.cli.truth import moving
from hrc_cell.cli.variant import variant
from hrc_cell.cli.witness import Witness
from hrc_cell.settings.share import share_folder

TOPICS = ("motion_permit", "sim/truth", "task_state", "part_sensors", "events")
PATIENT = {
    "safety.lease_s": 0.2, "safety.reaction_time_s": 0.6, "safety.joints_timeout_s": 0.5,
    "safety.node_timeout_s": 2.0, "bus.watchdog_s": 0.5, "bus.lost_cycles_max": 40,
    "bus.reply_margin_s": 0.02,
}  # fmt: skip
"""What a machine shared with others may keep a process waiting for is no fault in this story."""
PERSON = {
    "behaviour": "scripted", "path_m": [[5.2, 1.0], [5.2, -1.0]], "speed_mps": 1.0, "pause_s": 2.0,
    "height_m": 1.7, "takes_parts": True, "gives_parts": True, "pull_n": 12.0,
}  # fmt: skip
WAYS = [
    "none approaching", "approaching offered", "offered confirmed", "confirmed released",
    "released taken", "taken done", "none coming", "coming awaited", "awaited given",
    "given closed", "closed received", "received done",
]  # fmt: skip


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """The default cell with the recipe that goes both ways, once; it releases on a pull."""
    scratch = tmp_path_factory.mktemp("cell")
    changes = {
        "task.recipe": "take_back", "task.repeat": False, "panel.port": 0, "sim.people": [PERSON],
        **PATIENT,
    }  # fmt: skip
    folder = variant(share_folder() / "config" / "default", scratch / "cell", changes)
    recipe = folder / "recipes" / "take_back.yaml"
    text = recipe.read_text(encoding="utf-8")
    assert "act: handover, " in text
    text = text.replace("act: handover, ", "act: handover, release: on_pull, ")
    recipe.write_text(text, encoding="utf-8")
    with Supervisor(cell=folder, state_dir=scratch / "state") as running:
        yield running


def handoff(witness, state, timeout_s=90.0):
    """Wait until the handoff is in a state; a busy machine may have latched the cell meanwhile."""

    def there():
        return witness.last("task_state").handoff_state == state

    for _ in range(round(timeout_s)):
        witness.attend(1.0)
        if there():
            return
    witness.wait(f"handoff {state}", there, 1.0)


def near(witness, place, limit_m):
    at = witness.last("sim/truth").person_position[0]
    return math.hypot(at.x - place[0], at.y - place[1]) < limit_m


def place_of_the_part(witness):
    truth = witness.last("sim/truth")
    return dict(zip(truth.part, truth.part_place, strict=True))["part_1"]


def confirmed(witness, page, cell, state):
    """Confirm on the page once the person's hand is there; the arm stands all the while."""
    begun_s = witness.now_s()
    witness.wait(
        "the person at the handover place",
        lambda: near(witness, (1.1, 0.0), 0.4) and not witness.last("sim/truth").person_walking[0],
        30.0,
    )
    witness.wait(
        "monitored standstill",
        lambda: witness.last("motion_permit").state == MotionPermit.STANDSTILL, 10.0,
    )  # fmt: skip
    witness.pause(2.0)
    before = place_of_the_part(witness)
    assert witness.last("task_state").handoff_state == state, "nothing goes on by itself"
    assert page.confirm(cell.cell.file.panel.hold_s) == ""
    return before, begun_s


@pytest.mark.req("S4")
def test_a_part_goes_to_a_person_and_comes_back(cell):
    page = PageClient(cell.wait_ready(60.0))
    with Witness(TOPICS) as witness:
        witness.wait("a permit", lambda: witness.last("motion_permit"), 10.0)
        witness.go()
        handoff(witness, "offered")
        before, _ = confirmed(witness, page, cell, "offered")
        assert before == "gripper"
        witness.wait("the work", lambda: witness.last("task_state").step_id == "work"
                     and witness.last("task_state").question.id, 60.0)  # fmt: skip
        assert place_of_the_part(witness) == "person_1"
        desk = witness.node.create_client(AnswerQuestion, "answer_question")
        assert desk.wait_for_service(10.0)
        asked = witness.last("task_state").question
        future = desk.call_async(AnswerQuestion.Request(
            question_id=asked.id, state_version=asked.state_version, answer="done",
            operator_alias="anna", device="desk", idempotency_key=uuid.uuid4().hex,
        ))  # fmt: skip
        witness.wait("the reply", future.done, 10.0)
        assert future.result().accepted
        handoff(witness, "awaited")
        assert not sensed(witness, "gripper")
        before, begun_s = confirmed(witness, page, cell, "awaited")
        assert before == "person_1"
        witness.wait("the part received", lambda: place_of_the_part(witness) == "gripper", 10.0)
        received_s = witness.now_s()
        done = witness.wait("the handoff done", lambda: done_at(witness, received_s), 60.0)
        stood = [m for t, m in witness.since("sim/truth", begun_s) if t < done]
        assert stood
        assert not any(moving(m) for m in stood if near_arm(m)), "the arm stands at a person"
        for _ in range(60):
            witness.attend(1.0)
            if witness.last("task_state").phase == TaskState.DONE:
                break
        assert witness.last("task_state").phase == TaskState.DONE
        assert place_of_the_part(witness) == "table"
        told = [json.loads(m.data) for m in witness.heard["events"].messages if m.kind == "handoff"]
        assert [f"{e['from']} {e['to']}" for e in told] == WAYS
        assert len({e["id"] for e in told}) == 2


def done_at(witness, since_s):
    """Return when the task went on to the next step, 0.0 if it has not."""
    states = witness.since("task_state", since_s)
    return next((t for t, m in states if m.step_id == "put_back"), 0.0)


def near_arm(truth):
    return truth.separation_m < 0.3
