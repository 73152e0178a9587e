"""The task manager over real DDS: real action servers, real services, real crashes."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import uuid

import pytest
import rclpy
from action_msgs.msg import GoalStatus
from hrc_cell_interfaces.action import RunTask
from hrc_cell_interfaces.msg import MotionPermit, TaskState
from rclpy.action import ActionClient
from rclpy.lifecycle import TransitionCallbackReturn
from shop import GOOD, Executor, Shop, process
from strategies import default_cell

from hrc_cell.core.asking import REASONS
from hrc_cell.nodes.task_manager import TaskManager

CELL = default_cell()


@pytest.fixture
def ros(tmp_path):
    """Run rclpy with the default cell, in a namespace of this test's own."""
    name = f"/task_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    arguments = ["--ros-args", "-r", f"__ns:={name}"]
    arguments += ["-p", f"cell:={CELL.folder}", "-p", f"state_dir:={tmp_path}"]
    rclpy.init(args=arguments)
    yield arguments
    rclpy.try_shutdown()


@pytest.fixture
def shop(ros):
    made = Shop()
    try:
        yield made
    finally:
        made.end()
        made.executor.close()
        made.node.destroy_node()


def test_a_cell_that_is_started_fetches_offers_and_goes_on_after_the_part_is_taken(shop):
    shop.begin()
    shop.state("idle", lambda s: s.phase == TaskState.IDLE)
    assert not shop.executor.grips
    question = shop.offer()
    assert (question.kind, question.text_key) == ("handoff", "question.release_part")
    assert question.asked.sec > 0
    path = shop.executor.paths[-1]
    hand = next(step for step in CELL.recipes["hand_over"].steps if step.act == "handover")
    assert list(path.waypoints) == [v for pose in hand.poses for v in CELL.file.robot.poses[pose]]
    assert (path.joints, path.speed_ratio) == (6, 1.0)
    grips = len(shop.executor.grips)
    reply = shop.answer(question, "confirm")
    assert (reply.accepted, reply.reason) == (True, "")
    shop.until("the release", lambda: len(shop.executor.grips) > grips)
    assert shop.executor.grips[-1] == 1.0
    shop.take()
    shop.state("the next cycle", lambda s: s.cycle == 2)
    shop.until("the story", lambda: "done" in [e["to"] for e in shop.told("handoff")])
    story = [(e["from"], e["to"]) for e in shop.told("handoff")][:6]
    names = ["none", "approaching", "offered", "confirmed", "released", "taken", "done"]
    assert story == list(itertools.pairwise(names))
    assert len({e["id"] for e in shop.told("handoff")[:6]}) == 1
    versions = [e["version"] for e in shop.told("task")]
    assert versions == list(range(1, len(versions) + 1))
    assert shop.told("answer")[0] == {
        "accepted": True, "reason": "", "question_id": question.id, "answer": "confirm",
        "operator_alias": "anna", "device": "tablet",
    }  # fmt: skip


@pytest.mark.req("S4")
def test_the_first_valid_answer_wins_and_the_same_key_gets_the_same_reply(shop):
    shop.begin()
    question = shop.offer()
    refused = shop.answer(question, "perhaps", key="w")
    assert (refused.accepted, refused.reason) == (False, "bad_option")
    assert shop.answer(question, "confirm", version=1).reason == "stale_version"
    first = shop.answer(question, "confirm", key="k")
    assert first.accepted
    shop.state("released", lambda s: s.handoff_state == "released")
    again = shop.answer(question, "confirm", key="k")
    assert (again.accepted, again.state_version) == (True, first.state_version)
    late = shop.answer(question, "refuse", by="ben")
    assert (late.accepted, late.reason) == (False, "already_answered")
    assert shop.answer(question, "perhaps", key="w").reason == "bad_option"
    question.id = "nobody asked"
    assert shop.answer(question, "confirm").reason == "unknown_question"
    assert shop.executor.grips.count(1.0) == 2  # before the pick, and the one release
    shop.end()  # a new process remembers what was accepted
    shop.begin()
    again = shop.answer(question, "confirm", key="k")
    assert (again.accepted, again.state_version) == (True, first.state_version)


@pytest.mark.req("S4")
def test_a_journal_that_cannot_be_written_stops_the_task_and_not_for_good(shop):
    manager = shop.begin()
    question = shop.offer()
    kept = os.dup(manager._journal._file)
    read_only = os.open(manager._journal.path, os.O_RDONLY)
    os.dup2(read_only, manager._journal._file)
    grips = list(shop.executor.grips)
    assert shop.answer(question, "confirm", key="k").reason == "journal"
    held = shop.state("held", lambda s: s.phase == TaskState.HELD)
    assert (held.reason, held.question.id) == ("journal", "")
    assert "journal" in REASONS
    assert shop.answer(question, "confirm", key="k").reason == "journal"
    shop.pass_s(1.2)
    assert shop.executor.grips == grips
    os.dup2(kept, manager._journal._file)
    os.close(kept)
    os.close(read_only)
    shop.state("asked again", lambda s: s.question.id == question.id)
    assert shop.answer(question, "confirm", key="k").accepted
    shop.until("the release", lambda: len(shop.executor.grips) > len(grips))
    assert shop.told("fault")[0]["cause"] == "journal"


def test_what_the_robot_did_while_the_journal_failed_is_not_lost(shop):
    manager = shop.begin()
    shop.executor.stuck = True
    shop.permit = MotionPermit.FREE
    shop.until("a path", lambda: shop.executor.paths)
    kept = os.dup(manager._journal._file)
    read_only = os.open(manager._journal.path, os.O_RDONLY)
    os.dup2(read_only, manager._journal._file)
    shop.executor.stuck = False
    shop.state("held", lambda s: s.reason == "journal")
    shop.pass_s(1.2)
    assert shop.executor.grips == [1.0]
    os.dup2(kept, manager._journal._file)
    os.close(kept)
    os.close(read_only)
    shop.until("the grasp", lambda: 0.0 in shop.executor.grips)
    assert len(shop.executor.paths) >= 1


def test_a_failed_path_is_tried_again_and_then_a_person_decides(shop):
    shop.executor.fail_next = ["fault: one", "fault: two"]
    shop.begin()
    shop.permit = MotionPermit.FREE
    held = shop.state("held", lambda s: s.phase == TaskState.HELD)
    assert held.reason == "move_failed: fault: two"
    assert (held.question.kind, held.question.text_key) == ("recover", "question.recover")
    assert list(held.question.args) == ["step=step.fetch", "reason=move_failed"]
    assert shop.answer(held.question, "retry").accepted
    assert shop.offer()


def test_an_executor_that_takes_no_goal_is_asked_again(shop):
    shop.executor.refuse_next = 2
    shop.begin()
    assert shop.offer()


def test_a_grip_on_nothing_calls_a_person(shop):
    shop.executor.empty = True
    shop.begin()
    shop.permit = MotionPermit.FREE
    held = shop.state("held", lambda s: s.phase == TaskState.HELD)
    assert held.reason == "no_part"
    assert shop.answer(held.question, "abort").accepted
    ended = shop.state("aborted", lambda s: s.phase == TaskState.ABORTED)
    assert (ended.reason, ended.question.id) == ("aborted", "")


def test_a_level_that_is_turned_down_counts_at_once_and_outlives_the_process(shop):
    shop.executor.stuck = True
    shop.begin()
    shop.permit = MotionPermit.FREE
    shop.until("a path", lambda: shop.executor.paths)
    assert shop.level("fetch", "manual").accepted
    told = shop.state("the level", lambda s: s.automation == "manual")
    assert list(told.step_ids) == [step.id for step in CELL.recipes["hand_over"].steps]
    assert list(told.step_automations) == ["manual", "auto", "confirm", "auto"]
    assert list(told.step_limits) == ["auto", "auto", "confirm", "auto"]
    assert list(told.step_actors) == ["robot", "robot", "both", "robot"]
    assert list(told.step_text_keys) == ["step.fetch", "step.show", "step.hand", "step.back"]
    assert (told.title_key, list(told.step_done)) == ("recipe.hand_over", [False] * 4)
    assert told.phase == TaskState.RUNNING, "the piece under way is ended"
    assert shop.level("fetch", "auto").reason == "run_active"
    shop.executor.stuck = False
    asked = shop.state("a question", lambda s: s.question.kind == "step").question
    assert list(asked.options) == ["go", "skip"]
    assert shop.executor.grips == [1.0]
    shop.end()
    shop.begin()
    asked = shop.state("asked anew", lambda s: s.question.id not in ("", asked.id)).question
    assert shop.answer(asked, "go").accepted
    shop.until("the grasp", lambda: 0.0 in shop.executor.grips)
    said = [(e["step"], e["automation"], e["by"], e["reason"]) for e in shop.told("automation")]
    assert said == [("fetch", "manual", "anna", ""), ("fetch", "auto", "anna", "run_active")]


def test_a_level_is_set_for_a_recipe_that_does_not_run(shop):
    shop.begin()
    assert shop.level("all", "manual").reason == "unknown_recipe", "none runs and none is named"
    assert shop.level("all", "manual", "exercise").accepted
    assert shop.level("fly", "manual", "exercise").reason == "unknown_step"
    assert shop.level("all", "auto", "exercise").accepted
    assert shop.manager.state.levels == ()
    shop.manager.trigger_deactivate()
    assert shop.level("all", "manual", "exercise").reason == "inactive"


def test_a_persons_answer_leads_where_the_recipe_says(shop):
    shop.parts["tray_1"] = False
    shop.begin()
    assert shop.run("inspect").accepted
    waits = shop.state("the tray", lambda s: s.step_id == "fetch")
    assert (waits.phase, waits.question.id) == (TaskState.WAITING, "")
    shop.pass_s(0.5)
    assert not shop.executor.grips
    shop.parts["tray_1"] = True
    shop.answer(shop.offer(), "confirm")
    shop.state("released", lambda s: s.handoff_state == "released")
    shop.take()
    check = shop.state("the check", lambda s: s.question.id and s.step_id == "check")
    assert list(check.question.options) == ["good", "rework", "scrap", "refuse"]
    texts = {(t.key, t.language): t.text for t in check.texts}
    assert texts["", "en"].startswith("Look at both faces")
    assert texts["scrap", "vi"] == "Loại bỏ"
    assert shop.answer(check.question, "rework").accepted
    rework = shop.state("the rework", lambda s: s.question.id and s.step_id == "rework")
    assert shop.answer(rework.question, "done").accepted
    again = shop.state("the check", lambda s: s.question.id and s.step_id == "check")
    assert shop.answer(again.question, "good").accepted
    shop.state("the end", lambda s: s.phase == TaskState.DONE)


@pytest.mark.req("S2")
@pytest.mark.req("S4")
def test_a_part_is_released_on_a_pull_that_is_felt_and_on_no_unknown_one(changed, folder):
    shop, path = changed, folder / "recipes" / "pulled.yaml"
    step = ("id: hand, actor: both, act: handover, automation: confirm, text_key: t, "
            "poses: [offer], release: on_pull")  # fmt: skip
    path.write_text(f"title_key: t\nsteps: [{{{step}}}]", encoding="utf-8")
    shop.begin()
    shop.parts["gripper"] = True
    assert shop.run("pulled").accepted
    question = shop.offer()
    assert question.text_key == "question.release_on_pull"
    shop.pass_s(1.5)  # the rest is learned
    assert shop.answer(question, "confirm").accepted
    shop.state("confirmed", lambda s: s.handoff_state == "confirmed")
    shop.current_a = float("nan")
    shop.pass_s(0.5)
    assert (shop.states[-1].handoff_state, shop.executor.grips) == ("confirmed", [])
    shop.current_a = 0.4
    shop.pass_s(0.3)
    assert not shop.executor.grips
    shop.current_a = 0.8
    shop.state("released", lambda s: s.handoff_state == "released")
    assert shop.executor.grips == [1.0]
    shop.take()
    shop.state("the end", lambda s: s.phase == TaskState.DONE)


BOTH_WAYS = [
    "none", "approaching", "offered", "confirmed", "released", "taken", "done",
    "none", "coming", "awaited", "given", "closed", "received", "done",
]  # fmt: skip


def until_awaited(shop):
    """Play the recipe until a person is asked to give the part back; return the question."""
    shop.begin()
    assert shop.run("take_back").accepted
    shop.answer(shop.offer(), "confirm")
    shop.state("released", lambda s: s.handoff_state == "released")
    shop.take()
    work = shop.state("the work", lambda s: s.question.id and s.step_id == "work")
    assert shop.answer(work.question, "done").accepted
    return shop.awaited()


@pytest.mark.req("S4")
def test_a_part_comes_back_once_it_is_confirmed_sensed_and_the_person_gone(shop):
    question = until_awaited(shop)
    assert (question.kind, question.risk_class) == ("handoff", 2)
    assert question.text_key == "question.grip_part"
    grips = list(shop.executor.grips)
    assert grips[-1] == 1.0, "it came open"
    shop.pass_s(0.5)
    assert shop.executor.grips == grips
    assert shop.answer(question, "confirm").accepted
    shop.state("received", lambda s: s.handoff_state == "received")
    assert shop.executor.grips == [*grips, 0.0]
    paths = len(shop.executor.paths)
    shop.pass_s(0.5)
    assert len(shop.executor.paths) == paths, "the person is still there"
    assert shop.states[-1].step_id == "receive"
    shop.permit = MotionPermit.FREE
    shop.state("the end", lambda s: s.phase == TaskState.DONE)
    assert [path.step for path in shop.executor.paths[paths:]] == ["put_back", "back"]
    assert shop.executor.grips == [*grips, 0.0, 1.0]
    shop.until("the story", lambda: [e["to"] for e in shop.told("handoff")][-1:] == ["done"])
    told = [(e["from"], e["to"]) for e in shop.told("handoff")]
    assert told == [pair for pair in itertools.pairwise(BOTH_WAYS) if pair[1] != "none"]


@pytest.mark.req("S4")
@pytest.mark.parametrize("sensed", [True, False])
def test_a_crash_between_closing_and_sensing_opens_nothing(shop, sensed):
    question = until_awaited(shop)
    shop.executor.empty = True  # nothing is felt or sensed yet
    assert shop.answer(question, "confirm").accepted
    shop.state("closed", lambda s: s.handoff_state == "closed")
    grips = list(shop.executor.grips)
    shop.end()
    shop.states.clear()
    shop.begin()
    shop.state("it goes on", lambda s: s.handoff_state == "closed")
    if sensed:
        shop.parts["gripper"] = True
        shop.state("received", lambda s: s.handoff_state == "received")
        assert shop.executor.grips == grips
        return
    held = shop.state("held", lambda s: s.phase == TaskState.HELD)
    assert (held.reason, held.handoff_state) == ("part_missing", "unsure")
    assert list(held.question.options) == ["retry", "abort"]
    assert shop.control("skip_step").reason == "handoff"
    shop.permit = MotionPermit.LATCHED
    shop.pass_s(0.3)
    shop.permit = MotionPermit.STANDSTILL
    shop.pass_s(0.5)
    assert shop.executor.grips == grips, "neither a stop nor a start opens it"
    assert shop.answer(shop.states[-1].question, "retry").accepted
    shop.awaited()
    assert shop.executor.grips == [*grips, 1.0], "a person said so"


@pytest.fixture
def folder(tmp_path):
    """A cell of the test's own, whose recipes may be changed."""
    return shutil.copytree(CELL.folder, tmp_path / "cell")


@pytest.fixture
def changed(folder, tmp_path):
    """A shop around that cell."""
    name = f"/task_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    rclpy.init(args=["--ros-args", "-r", f"__ns:={name}", "-p", f"cell:={folder}",
                     "-p", f"state_dir:={tmp_path / 'state'}"])  # fmt: skip
    made = Shop()
    try:
        yield made
    finally:
        made.end()
        made.executor.close()
        made.node.destroy_node()
        rclpy.try_shutdown()


WAITING = "{id: pause, actor: robot, act: wait, automation: confirm, text_key: t, timeout_s: 60.0}"


def test_a_recipe_is_read_anew_when_it_is_begun_and_a_wrong_one_is_refused(changed, folder):
    shop, path = changed, folder / "recipes" / "new.yaml"
    shop.begin()
    assert shop.run("new").reason == "unknown_recipe"
    assert shop.run("../cell").reason == "unknown_recipe"
    path.write_text(f"title_key: t\nsteps: [{WAITING}, {WAITING}]", encoding="utf-8")
    reply = shop.run("new")
    assert reply.reason.startswith(f"bad_recipe: {path}: steps[1].id = 'pause': the step id pause")
    told = shop.state("why", lambda s: s.refused_recipe == "new")
    assert (told.phase, len(told.recipe_problems)) == (TaskState.IDLE, 1)
    path.write_text(f"title_key: t\nsteps: [{WAITING}]", encoding="utf-8")
    assert shop.run("new").accepted
    asked = shop.state("the new one", lambda s: s.step_id == "pause" and s.question.id)
    assert (asked.refused_recipe, list(asked.recipe_problems)) == ("", [])
    path.write_text("steps: [", encoding="utf-8")
    assert shop.run("new").reason == "busy", "the one in use is not looked at"
    assert shop.answer(asked.question, "confirm").accepted
    shop.state("its end", lambda s: s.phase == TaskState.DONE)
    assert shop.run("new").reason.startswith("bad_recipe: ")
    path.unlink()
    assert "does not exist" in shop.run("new").reason
    assert shop.run("exercise").accepted
    assert [e["recipe"] for e in shop.told("recipe")] == ["new", "new", "new", "new", "exercise"]


def test_a_step_that_a_zone_set_names_does_not_get_lost(changed, folder):
    shop, zones = changed, folder / "zones.yaml"
    names = ", ".join(zone.name for zone in CELL.zones.zones)
    sets = f"sets:\n  - {{name: one, zones: [{names}], steps: [sway]}}\n"
    sets += f"  - {{name: other, zones: [{names}]}}\n"
    zones.write_text(zones.read_text(encoding="utf-8") + sets, encoding="utf-8")
    shop.begin()
    path = folder / "recipes" / "exercise.yaml"
    path.write_text(f"title_key: t\nsteps: [{WAITING}]", encoding="utf-8")
    assert "no recipe has a step of this id" in shop.run("exercise").reason


def test_parts_go_through_a_tray_in_both_directions(changed, folder):
    """The recipe of docs/recipes.md: nobody needs to be there at the same time."""
    page = (CELL.folder.parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")
    steps = page.partition("## Through a tray")[2].partition("```yaml\n")[2].partition("```\n")[0]
    path = folder / "recipes" / "tray.yaml"
    path.write_text(f"title_key: t\nsteps:\n{steps}", encoding="utf-8")
    shop = changed
    shop.begin()
    shop.parts.update(gripper=True, tray_1=True)
    assert shop.run("tray").accepted
    shop.permit = MotionPermit.STANDSTILL
    waits = shop.state("a full tray", lambda s: s.step_id == "set_down")
    assert waits.phase == TaskState.WAITING
    shop.pass_s(0.5)
    assert not shop.executor.paths, "it does not set down on another part"
    shop.parts["tray_1"] = False
    shop.until("the part set down", lambda: 1.0 in shop.executor.grips)
    shop.parts.update(gripper=False, tray_1=True)
    shop.state("somebody awaited", lambda s: s.step_id == "taken")
    shop.pass_s(0.5)
    assert shop.states[-1].step_id == "taken"
    shop.parts["tray_1"] = False
    shop.state("the next part awaited", lambda s: s.step_id == "given")
    shop.parts["tray_1"] = True
    shop.state("the end", lambda s: s.phase == TaskState.DONE)
    assert shop.executor.grips == [1.0, 1.0, 0.0]


class Sequencer:
    """Somebody's own, with one goal at a time."""

    def __init__(self, shop):
        self.shop, self.heard = shop, []
        self.client = ActionClient(shop.node, RunTask, "run_task")

    def begin(self, recipe, cycles=1):
        assert self.client.wait_for_server(timeout_sec=60.0)
        goal = RunTask.Goal(recipe=recipe, cycles=cycles)
        sent = self.client.send_goal_async(goal, feedback_callback=self._hear)
        self.shop.until("a goal", sent.done)
        self.handle = sent.result()
        self.result = self.handle.get_result_async()
        return self.handle.accepted

    def _hear(self, message):
        self.heard.append(message.feedback)

    def end(self):
        self.shop.until("a result", self.result.done)
        return self.result.result().status, self.result.result().result


@pytest.fixture
def sequencer(shop):
    made = Sequencer(shop)
    yield made
    made.client.destroy()


def started(shop):
    """Begin with a started cell in which nothing runs by itself."""
    shop.begin()
    shop.permit = MotionPermit.STANDSTILL
    shop.state("the autorun", lambda s: s.phase == TaskState.RUNNING)
    assert shop.control("cancel_run").accepted
    shop.state("its end", lambda s: s.reason == "canceled")


def test_a_sequencer_runs_a_recipe_and_hears_how_far_it_is(shop, sequencer):
    started(shop)
    assert sequencer.begin("exercise", cycles=2)
    status, result = sequencer.end()
    assert (status, result.done, result.reason, result.cycles) == (
        GoalStatus.STATUS_SUCCEEDED, True, "", 2,
    )  # fmt: skip
    steps = [(f.cycle, f.step_id) for f in sequencer.heard]
    assert steps == [(1, "sway"), (1, "reach"), (2, "sway"), (2, "reach")]
    assert {f.phase for f in sequencer.heard} == {TaskState.RUNNING}
    assert result.run_id == shop.states[-1].run_id != ""
    assert shop.states[-1].phase == TaskState.DONE


def test_a_goal_that_cannot_be_begun_says_why(shop, sequencer):
    started(shop)
    for recipe, reason in (("no_such", "unknown_recipe"), ("exercise", "")):
        assert sequencer.begin(recipe)
        status, result = sequencer.end() if reason else (None, None)
        if reason:
            assert (status, result.reason) == (GoalStatus.STATUS_ABORTED, reason)
    other = Sequencer(shop)
    assert other.begin("exercise")
    assert other.end()[1].reason == "busy"
    other.client.destroy()
    assert sequencer.end()[1].done


def test_a_canceled_goal_cancels_the_run_and_stops_the_arm(shop, sequencer):
    started(shop)
    shop.executor.paths.clear()
    shop.executor.stuck = True
    assert sequencer.begin("exercise", cycles=0)
    shop.until("a path", lambda: shop.executor.paths)
    withdrawn = shop.executor.canceled
    sequencer.handle.cancel_goal_async()
    status, result = sequencer.end()
    assert (status, result.done, result.reason) == (
        GoalStatus.STATUS_CANCELED, False, "canceled",
    )  # fmt: skip
    shop.until("a withdrawal", lambda: shop.executor.canceled > withdrawn)


@pytest.mark.req("S4")
def test_a_sequencer_pauses_repeats_and_skips_but_never_confirms(shop, sequencer):
    started(shop)
    assert shop.control("pause_run").reason == "no_run"
    assert sequencer.begin("hand_over")
    question = shop.offer()
    assert shop.control("pause_run").accepted
    paused = shop.state("a pause", lambda s: s.phase == TaskState.PAUSED)
    assert (paused.handoff_state, paused.question.id) == ("withdrawn", "")
    assert shop.answer(question, "confirm").reason == "unknown_question"
    assert shop.control("pause_run").reason == "paused"
    shop.end()
    shop.begin()  # a new process is paused still
    assert shop.states[-1].phase == TaskState.PAUSED
    grips = list(shop.executor.grips)
    assert shop.control("resume_run").accepted
    asked = shop.state("the offer", lambda s: s.question.kind == "handoff").question
    assert asked.id != question.id
    assert shop.control("resume_run").reason == "not_paused"
    assert shop.control("repeat_step").accepted
    shop.state("the offer", lambda s: s.question.kind == "handoff" and s.question.id != asked.id)
    assert shop.control("skip_step").accepted
    end = shop.state("the end", lambda s: s.phase == TaskState.DONE)
    assert list(end.step_done) == [True, True, False, True], "what was skipped was not done"
    assert shop.executor.grips == grips
    said = [(e["control"], e["by"], e["reason"]) for e in shop.told("control")]
    assert said[1:3] == [("pause", "plc", "no_run"), ("pause", "plc", "")]
    shop.manager.trigger_deactivate()
    assert shop.control("cancel_run").reason == "inactive"


DYING = """
import json
import rclpy
from hrc_cell_interfaces.action import FollowPath, MoveGripper
from hrc_cell_interfaces.msg import CellEvent, MotionProgress
from rclpy.action import ActionServer

rclpy.init()
node = rclpy.create_node("dying")
progress = node.create_publisher(MotionProgress, "motion_progress", 1)
events = node.create_publisher(CellEvent, "events", 10)

def live():
    message = MotionProgress()
    message.header.stamp = node.get_clock().now().to_msg()
    progress.publish(message)

async def follow(handle):
    events.publish(CellEvent(kind="dying", data=json.dumps(handle.request.path_id)))
    await rclpy.task.Future()

def grip(handle):
    handle.succeed()
    return MoveGripper.Result(reached=True)

servers = [
    ActionServer(node, FollowPath, "follow_path", follow),
    ActionServer(node, MoveGripper, "move_gripper", grip),
]
node.create_timer(0.05, live)
rclpy.spin(node)
"""


def test_an_executor_that_is_killed_gets_its_path_again_when_it_is_back(ros):
    """A real process, killed in the middle of a path; its successor is told the same path."""
    shop = Shop(executor=False)
    shop.living, shop.permit = False, MotionPermit.FREE
    child = subprocess.Popen([sys.executable, "-c", DYING, *ros])
    try:
        shop.begin()
        shop.until("a path", lambda: shop.told("dying"))
        child.send_signal(signal.SIGKILL)
        child.wait()
        shop.pass_s(1.0)
        running = shop.states[-1]
        assert (running.phase, running.step_id) == (TaskState.RUNNING, "fetch")
        shop.executor, shop.living = Executor(shop.node, shop), True
        assert shop.offer()
        assert shop.executor.paths[0].path_id == shop.told("dying")[0]
        assert shop.told("dying")[1:] == []
    finally:
        child.kill()
        child.wait()
        shop.end()
        if shop.executor is not None:
            shop.executor.close()
        shop.node.destroy_node()


def test_nothing_is_begun_before_the_cell_is_started(shop):
    shop.begin()
    shop.permit = MotionPermit.READY
    assert shop.run().accepted
    shop.pass_s(1.0)
    assert not shop.executor.grips
    assert shop.offer()


def test_requests_that_cannot_be_met_say_why(shop):
    shop.begin()
    assert shop.run("no_such").reason == "unknown_recipe"
    assert shop.run().accepted
    assert shop.run().reason == "busy"


def test_a_run_that_a_person_gave_up_is_not_begun_again_by_a_new_process(shop):
    shop.begin()
    shop.answer(shop.offer(), "refuse")
    held = shop.state("held", lambda s: s.phase == TaskState.HELD)
    assert list(held.question.options) == ["offer_again", "skip", "abort"]
    shop.answer(held.question, "abort")
    shop.state("aborted", lambda s: s.phase == TaskState.ABORTED)
    shop.end()
    shop.begin()
    shop.pass_s(1.5)
    assert shop.states[-1].phase == TaskState.ABORTED
    shop.permit = MotionPermit.READY
    shop.pass_s(0.3)
    shop.parts["gripper"] = False
    shop.permit = MotionPermit.STANDSTILL  # now a person has started the cell
    shop.state("a new run", lambda s: s.phase == TaskState.RUNNING)


def test_what_a_person_gave_up_begins_again_with_the_next_start(shop):
    shop.begin()
    shop.answer(shop.offer(), "refuse")
    held = shop.state("held", lambda s: s.phase == TaskState.HELD)
    shop.answer(held.question, "abort")
    shop.state("aborted", lambda s: s.phase == TaskState.ABORTED)
    shop.parts["gripper"] = False
    shop.pass_s(1.2)  # the start of the run that is over begins no other
    assert shop.states[-1].phase == TaskState.ABORTED
    shop.permit = MotionPermit.READY
    shop.pass_s(0.3)
    assert shop.states[-1].phase == TaskState.ABORTED
    shop.permit = MotionPermit.STANDSTILL
    shop.state("a new run", lambda s: s.phase == TaskState.RUNNING and s.run_id != held.run_id)


@pytest.mark.req("S4")
def test_no_release_waits_for_somebody_elses_start(shop):
    """Nobody confirms in a stopped cell; what was confirmed before the stop is asked again."""
    shop.begin()
    question = shop.offer()
    grips = list(shop.executor.grips)
    shop.monitored = False
    shop.pass_s(CELL.file.safety.node_timeout_s + 0.3)
    assert shop.answer(question, "confirm").reason == "not_permitted"
    shop.monitored = True
    shop.pass_s(0.3)
    shop.living = False  # the executor is away, so the release has to wait
    shop.pass_s(2.0)
    assert shop.answer(question, "confirm").accepted
    shop.permit = MotionPermit.LATCHED
    shop.state("not confirmed any more", lambda s: s.handoff_state == "approaching")
    shop.living, shop.permit = True, MotionPermit.READY
    shop.pass_s(0.5)
    shop.permit = MotionPermit.STANDSTILL
    again = shop.state("asked again", lambda s: s.handoff_state == "offered" and s.question.id)
    assert again.question.id != question.id
    assert shop.executor.grips == grips
    assert shop.answer(again.question, "confirm").accepted
    shop.until("the release", lambda: shop.executor.grips == [*grips, 1.0])


@pytest.mark.req("S4")
def test_a_confirmation_from_before_a_stop_is_asked_again_by_a_new_process(shop):
    shop.begin()
    question = shop.offer()
    grips = list(shop.executor.grips)
    shop.living = False
    shop.pass_s(2.0)
    assert shop.answer(question, "confirm").accepted
    shop.end()
    shop.permit = MotionPermit.LATCHED
    shop.pass_s(0.2)
    shop.states.clear()
    shop.begin()
    shop.living = True
    shop.state("not confirmed any more", lambda s: s.handoff_state == "approaching")
    shop.permit = MotionPermit.STANDSTILL
    shop.state("asked again", lambda s: s.handoff_state == "offered" and s.question.id)
    assert shop.executor.grips == grips


@pytest.mark.req("S2")
def test_without_part_sensors_a_person_is_called_before_the_gripper_opens(shop):
    shop.sensing = False
    shop.begin()
    shop.permit = MotionPermit.FREE
    held = shop.state("held", lambda s: s.phase == TaskState.HELD)
    assert held.reason == "gripper_unknown"
    assert not shop.executor.grips
    shop.sensing = True
    shop.until("the sensors", lambda: shop.manager._parts)
    assert shop.answer(held.question, "retry").accepted
    assert shop.offer()


@pytest.mark.req("S2")
def test_silent_sensors_take_no_part(shop):
    shop.begin()
    shop.answer(shop.offer(), "confirm")
    shop.state("released", lambda s: s.handoff_state == "released")
    shop.sensing = False
    shop.take()
    shop.pass_s(CELL.file.task.sensors_timeout_s + 0.7)
    assert shop.states[-1].handoff_state == "released"
    shop.sensing = True
    shop.state("on", lambda s: s.step_id == "back")


def test_a_deactivated_manager_withdraws_its_path_and_goes_on_later(shop):
    manager = shop.begin()
    shop.executor.stuck = True
    shop.permit = MotionPermit.FREE
    shop.until("a path", lambda: shop.executor.paths)
    shop.until("its acceptance", lambda: manager._robot._goal is not None)
    assert manager.trigger_deactivate() == GOOD
    shop.until("its withdrawal", lambda: shop.executor.canceled)
    assert shop.run().reason == "inactive"
    shop.executor.stuck = False
    shop.executor.paths.clear()
    assert manager.trigger_activate() == GOOD
    assert shop.offer()


def test_a_damaged_journal_is_refused_with_what_to_do(shop, tmp_path, capfd):
    shop.begin()
    shop.offer()
    shop.end()
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"offered"', b'"done"'))
    manager = TaskManager()
    assert manager.trigger_configure() == TransitionCallbackReturn.FAILURE
    manager.close()
    manager.destroy_node()
    said = capfd.readouterr().err
    assert "is damaged" in said
    assert "move the file away" in said


@pytest.mark.req("S4")
def test_a_confirmed_handoff_survives_the_death_of_the_task_manager(ros):
    """Killed with -9 between confirmation and release; the next process releases, once, unasked."""
    shop = Shop()
    child = process(ros)
    try:
        question = shop.offer()
        shop.living = False  # the executor is away, so the release has to wait
        shop.pass_s(2.0)
        grips = list(shop.executor.grips)
        assert shop.answer(question, "confirm", key="k").accepted
        shop.state("confirmed", lambda s: s.handoff_state == "confirmed")
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert shop.executor.grips == grips
        shop.states.clear()
        child = process(ros)
        shop.state("confirmed still", lambda s: s.handoff_state == "confirmed")
        shop.living = True
        shop.until("the release", lambda: len(shop.executor.grips) > len(grips))
        shop.state("released", lambda s: s.handoff_state == "released")
        assert shop.executor.grips == [*grips, 1.0]
        assert not any(state.question.id for state in shop.states)
        assert shop.answer(question, "confirm", key="k").accepted  # the same reply again
        shop.take()
        shop.state("home", lambda s: s.step_id == "back")
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        shop.executor.close()
        shop.node.destroy_node()
