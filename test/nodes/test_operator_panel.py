"""The panel's node over real DDS and real HTTP: topics out, acts in, a port that is taken."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from hrc_cell_interfaces.msg import (
    CellEvent,
    Human,
    Humans,
    MotionPermit,
    MotorState,
    MotorStates,
    OperatorInputs,
    Question,
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
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from strategies import default_cell

from hrc_cell.adapters.description import load_description
from hrc_cell.core.kinematics import forward
from hrc_cell.nodes.base import ALL, EVENTS, EXIT_NOT_CONFIGURED, KEPT, NEWEST
from hrc_cell.nodes.operator_panel import OperatorPanel

CELL = default_cell()
CHAIN = load_description(CELL).chain
GOOD = TransitionCallbackReturn.SUCCESS
CONTROLS = ("pause_run", "resume_run", "repeat_step", "skip_step", "cancel_run")
WITHIN_S = 20.0
TICK_S = 0.1


class Neighbours:
    """What stands around the panel: publishers, and the services that it calls."""

    def __init__(self):
        self.node = rclpy.create_node("neighbours")
        publisher = self.node.create_publisher
        self.permits = publisher(MotionPermit, "safety_state", ALL)
        self.humans = publisher(Humans, "humans", NEWEST)
        self.motors = publisher(MotorStates, "motor_states", NEWEST)
        self.inputs = publisher(OperatorInputs, "operator_inputs", KEPT)
        self.tasks = publisher(TaskState, "task_state", KEPT)
        self.asked, self.events = [], []
        self.node.create_subscription(CellEvent, "events", self.events.append, EVENTS)
        self.lamps, self.diagnostics = [], []
        self.node.create_subscription(DiagnosticArray, "andon", self.lamps.append, KEPT)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self.diagnostics.append, ALL)
        self.permit = MotionPermit(
            seq=1, state=MotionPermit.STANDSTILL, stop_category=2, cause="separation", human_id=3,
            link=CHAIN.capsule_names[-1], distance_m=1.42, required_m=1.56,
            gripper_permitted=True,
        )  # fmt: skip
        self.task = TaskState(
            phase=TaskState.WAITING, recipe="bolts", step_count=2, state_version=7,
            title_key="Bolts for housing 7", run_id="run", cycle=1, step_id="hand", step_index=1,
            step_ids=["fetch", "hand"], step_actors=["robot", "both"], step_done=[True, False],
            step_text_keys=["step.fetch", "step.hand"], step_automations=["confirm", "confirm"],
            step_limits=["auto", "confirm"],
            question=Question(
                id="run.7", kind="handoff", risk_class=2, text_key="question.release_part",
                args=["step=step.hand"], options=["confirm", "refuse"], state_version=7,
            ),
        )  # fmt: skip
        self.box = OperatorInputs(mode=OperatorInputs.MODE_COLLABORATIVE, simulated=True)
        self.position = 0.1
        self.node.create_timer(TICK_S, self.publish)

    def serve(self):
        self.node.create_service(AnswerQuestion, "answer_question", self._answer)
        self.node.create_service(RequestStop, "request_stop", self._stop)
        self.node.create_service(PressButton, "sim/press", self._press)
        self.node.create_service(SetAutomation, "set_automation", self._press)
        self.node.create_service(RunRecipe, "run_recipe", self._begin)
        for name in CONTROLS:
            self.node.create_service(ControlRun, name, self._control(name))

    def publish(self):
        """Say everything again, as the cell does."""
        self.permits.publish(self.permit)
        person = Human(id=3, radius_m=0.3, confirmed=True)
        person.position.x, person.position.y = 2.0, 0.5
        everybody = Humans(humans=[person])
        everybody.header.frame_id = CELL.file.frame
        self.humans.publish(everybody)
        motors = [MotorState(joint=name, position_rad=self.position) for name in CHAIN.joints]
        self.motors.publish(MotorStates(motors=motors, gate=MotorStates.GATE_HOLD))
        self.inputs.publish(self.box)
        self.tasks.publish(self.task)

    def _begin(self, request, response):
        self.asked.append(request)
        response.accepted = self.task.phase != TaskState.RUNNING
        response.reason = "" if response.accepted else "busy"
        return response

    def _answer(self, request, response):
        self.asked.append(request)
        response.accepted = request.answer == "confirm"
        response.reason = "" if response.accepted else "already_answered"
        return response

    def _stop(self, request, response):
        self.asked.append(request)
        response.accepted, response.permit_seq = True, 42
        return response

    def _control(self, name):
        def control(request, response):
            self.asked.append((name, request.operator_alias))
            response.reason = "held"
            return response

        return control

    def _press(self, request, response):
        self.asked.append(request)
        response.accepted = True
        return response


class Room:
    """The panel and its neighbours, both spinning, in a namespace of the test's own."""

    def __init__(self, panel, neighbours, url):
        self.panel, self.neighbours, self.url = panel, neighbours, url

    def get(self, path):
        return ask(self.url + path)

    def post(self, path, **body):
        return ask(self.url + path, body)

    def serve(self):
        """Offer the services, and wait until the panel has discovered them."""
        self.neighbours.serve()
        self.until(lambda *_: all(one.service_is_ready() for one in self.panel.clients))

    def until(self, holds, path="api/state"):
        """Return the first reply for which `holds` is true."""
        deadline_s = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline_s:
            status, reply = self.get(path)
            if holds(status, reply):
                return reply
        raise AssertionError(f"never came: {reply}")


BROWSER = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())


def ask(url, body=None):
    """Return status and JSON of one request of a browser on this machine."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with BROWSER.open(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


@pytest.fixture
def room(tmp_path):
    namespace = f"/panel_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    arguments = ["--ros-args", "-r", f"__ns:={namespace}", "-p", "port:=0"]
    rclpy.init(
        args=[*arguments, "-p", f"cell:={CELL.folder}", "-p", f"state_dir:={tmp_path}"],
    )
    panel, neighbours = OperatorPanel(), Neighbours()
    executor = SingleThreadedExecutor()
    executor.add_node(panel)
    executor.add_node(neighbours.node)
    assert panel.trigger_configure() == GOOD
    assert panel.trigger_activate() == GOOD
    ended = threading.Event()

    def spin():
        while not ended.is_set():
            executor.spin_once(timeout_sec=0.1)

    thread = threading.Thread(target=spin)
    thread.start()
    yield Room(panel, neighbours, (tmp_path / "panel.url").read_text().strip())
    ended.set()
    thread.join(10)
    panel.close()
    executor.shutdown()
    panel.destroy_node()
    neighbours.node.destroy_node()
    rclpy.try_shutdown()


def test_what_the_cell_says_is_what_the_page_gets(room):
    def all_there(_, state):
        return state["permit"] and state["separation"] and state["task"] and state["inputs"]

    state = room.until(all_there)
    assert state["permit"]["state"] == "standstill"
    assert (state["permit"]["distance"], state["permit"]["required"]) == (1.42, 1.56)
    assert [(h["id"], h["x"], h["confirmed"]) for h in state["humans"]] == [(3, 2.0, True)]
    assert state["task"]["question"]["id"] == "run.7"
    assert state["task"]["question"]["args"] == {"step": "step.hand"}
    assert state["inputs"] == {
        "mode": "collaborative", "reset": False, "start": False, "enabling_switch": "released",
        "emergency_stop_input": False, "guards": "open", "simulated": True,
    }  # fmt: skip
    links = forward(CHAIN, [0.1] * len(CHAIN.joints))
    assert state["arm"][-2] == pytest.approx(links[-1, :2, 3], abs=1e-3)
    assert [one["id"] for one in state["scene"]["people"]] == [3]
    assert state["scene"]["pair"], "the pair that binds is drawn in space, too"
    assert set(CHAIN.joints) <= state["scene"]["angles"].keys()
    assert room.get("api/model")[1]["tool"] == "tool0"
    assert state["ages"]["permit_s"] < WITHIN_S
    room.until(lambda status, reply: status == 200 and reply["ready"], "api/health")


def test_the_page_gets_the_plan_of_a_run_whose_recipe_it_does_not_know(room):
    task = room.until(lambda _, state: state["task"] and state["task"]["plan"])["task"]
    assert (task["title_key"], task["run_id"]) == ("Bolts for housing 7", "run")
    assert task["plan"] == [
        {"id": "fetch", "actor": "robot", "text_key": "step.fetch", "level": "confirm",
         "limit": "auto", "done": True},
        {"id": "hand", "actor": "both", "text_key": "step.hand", "level": "confirm",
         "limit": "confirm", "done": False},
    ]  # fmt: skip


def test_what_is_wrong_with_a_recipe_is_not_for_everybody(room):
    room.neighbours.task.refused_recipe = "bolts"
    room.neighbours.task.recipe_problems = ["bolts.yaml: steps: is missing"]
    room.until(lambda *_: room.panel.snapshot()["recipes"] is not None)
    told = room.panel.snapshot()["recipes"]
    assert told == {"refused": "bolts", "problems": ["bolts.yaml: steps: is missing"]}
    assert room.get("api/state")[1]["recipes"] is None, "training is an operator"


def test_the_page_gets_the_hash_of_the_safety_settings_and_their_signature(room):
    about = room.until(lambda status, reply: status == 200 and reply["sha256"], "api/about")
    assert about["sha256"] == CELL.safety_sha256
    assert about["signature"] == {"state": "unsigned", "by": "", "when": ""}


@pytest.mark.req("S2")
def test_what_was_never_heard_is_unknown_and_not_ready(room):
    room.neighbours.position = float("nan")
    room.neighbours.permit.state = 99
    room.neighbours.box.mode = 77

    def told(_, state):  # and not what the neighbours said before
        return (
            state["motors"] and state["arm"] is None and state["separation"] is None
            and state["permit"] and state["permit"]["state"] == "unknown"
            and state["inputs"] and state["inputs"]["mode"] == "unknown"
        )  # fmt: skip

    assert room.until(told)["motion"] is None


@pytest.mark.req("S2")
def test_channels_that_differ_are_told_so_and_one_of_them_is_an_emergency_stop(room):
    box = room.neighbours.box
    box.enabling_switch, box.emergency_stop_input = [0, 1], [False, True]
    box.guards_closed = [True, False]
    told = room.until(lambda _, s: s["inputs"] and s["inputs"]["guards"] == "differing")["inputs"]
    assert (told["enabling_switch"], told["emergency_stop_input"]) == ("differing", True)
    box.enabling_switch, box.guards_closed = [9, 9], [True, True]
    told = room.until(lambda _, s: s["inputs"] and s["inputs"]["guards"] == "closed")["inputs"]
    assert told["enabling_switch"] == "unknown"


@pytest.mark.req("S4")
def test_what_the_panel_refuses_itself_is_told_for_the_record(room):
    events = room.neighbours.events
    room.until(lambda _, state: state["task"] and state["permit"])
    confirm = {
        "question_id": "run.7", "state_version": 7, "answer": "confirm", "idempotency_key": "k",
    }  # fmt: skip
    assert room.post("api/answer", **confirm)[1]["reason"] == "needs_holding"
    room.until(lambda *_: any(event.kind == "answer" for event in list(events)))
    [told] = [json.loads(event.data) for event in events if event.kind == "answer"]
    assert told.pop("device").startswith("training-")
    assert told == {
        "accepted": False, "reason": "needs_holding", "question_id": "run.7", "answer": "confirm",
        "operator_alias": "training",
    }  # fmt: skip


@pytest.mark.req("S4")
def test_a_confirmation_goes_from_the_page_to_the_task_manager_with_all_that_it_needs(room):
    room.serve()
    room.until(lambda _, state: state["task"] and state["permit"])
    about = {"question_id": "run.7", "state_version": 7}
    status, armed = room.post("api/arm", **about)
    assert status == 200, armed
    held_until_s = time.monotonic() + armed["hold_s"] + 0.1
    room.until(lambda *_: time.monotonic() > held_until_s)
    body = {
        **about, "challenge": armed["challenge"], "answer": "confirm", "idempotency_key": "k1",
    }  # fmt: skip
    assert room.post("api/confirm", **body) == (200, {"accepted": True, "reason": ""})
    [request] = room.neighbours.asked
    assert (request.question_id, request.state_version, request.answer) == ("run.7", 7, "confirm")
    assert request.operator_alias == "training"
    assert request.device.startswith("training-")
    assert request.idempotency_key == "k1"
    refuse = {**about, "answer": "refuse", "idempotency_key": "k2"}
    status, reply = room.post("api/answer", **refuse)
    assert (status, reply["reason"]) == (409, "already_answered"), "the cell's reason is told"


def test_a_stop_request_and_the_simulated_box_reach_their_services(room):
    room.serve()
    room.until(lambda _, state: state["inputs"])

    status, reply = room.post("api/stop_request")
    assert (status, reply["accepted"], reply["permit_seq"]) == (200, True, 42)
    status, reply = room.post("api/press", control="reset", value="press")
    assert (status, reply["accepted"]) == (200, True)
    assert (room.neighbours.asked[-1].control, room.neighbours.asked[-1].value) == (
        "reset", "press",
    )  # fmt: skip


def test_the_run_is_steered_through_the_task_managers_services(room):
    room.serve()
    room.until(lambda _, state: state["task"] and state["permit"])
    about = {
        "recipe": "bolts", "run_id": "run", "cycle": 1, "step": "hand", "automation": "",
    }  # fmt: skip
    for act in CONTROLS[:3]:
        status, reply = room.post("api/run/act", **about, act=act, idempotency_key=act)
        assert (status, reply["reason"]) == (409, "held"), "the cell's reason is told"
    assert room.neighbours.asked == [(act, "training") for act in CONTROLS[:3]]
    level = {"recipe": "bolts", "step": "all", "automation": "manual"}
    named = {"operator": "an", "device": "tablet-1"}
    reply = asyncio.run_coroutine_threadsafe(
        room.panel.set_automation({**level, **named}), room.panel._loop
    ).result(10)  # fmt: skip
    assert reply == {"accepted": True, "reason": ""}
    asked = room.neighbours.asked[-1]
    assert (asked.recipe, asked.step, asked.automation) == ("bolts", "all", "manual")
    assert (asked.operator_alias, asked.device) == ("an", "tablet-1")


@pytest.mark.req("S2")
def test_a_run_is_begun_through_the_task_managers_service_and_its_reason_is_told(room):
    room.serve()
    room.neighbours.task.phase = TaskState.DONE
    room.until(lambda _, state: state["task"] and state["task"]["phase"] == "done")
    [one] = [row for row in room.get("api/recipes")[1]["recipes"] if row["name"] == "inspect"]
    act = {"act": "start_run", "about": f"inspect {one['digest']} repeat"}
    status, armed = room.post("api/arm_act", **act)
    assert status == 200, armed
    held_until_s = time.monotonic() + armed["hold_s"] + 0.1
    room.until(lambda *_: time.monotonic() > held_until_s)
    act = {**act, "challenge": armed["challenge"], "pin": ""}
    assert room.post("api/act", **act)[0] == 200
    [request] = room.neighbours.asked
    assert (request.recipe, request.repeat) == ("inspect", True)


def test_where_nobody_serves_an_act_is_told_as_not_taken(room):
    status, reply = room.post("api/stop_request")
    assert (status, reply["accepted"], reply["reason"]) == (504, False, "no_answer_from_cell")


def lamp_of(message):
    [status] = message.status
    return {"level": status.level[0], **{one.key: one.value for one in status.values}}


NO_CALL = {"level": 0, "open": "0", "urgency": "none", "escalation": "0", "kinds": ""}


def test_calls_are_told_to_a_lamp_and_as_diagnostics_without_a_name(room):
    heard = room.neighbours

    def lit(**said):
        room.until(lambda *_: heard.lamps and lamp_of(heard.lamps[-1]) == {**NO_CALL, **said})

    lit()
    status, _ = room.post("api/andon/call", kind="material", urgency=1)
    assert status == 200
    lit(level=1, open="1", urgency="yellow", kinds="material")
    room.post("api/andon/call", kind="help", urgency=2)
    lit(level=2, open="2", urgency="red", kinds="help,material")
    name = f"{room.panel.get_fully_qualified_name()[1:]}: andon"
    room.until(
        lambda *_: any(
            one.name == name and one.level == b"\x02"
            for message in list(heard.diagnostics)
            for one in message.status
        )
    )
    for call in room.get("api/state")[1]["andon"]["calls"]:
        assert room.post("api/andon/take", id=call["id"])[0] == 200
        assert room.post("api/andon/resolve", id=call["id"])[0] == 200
    lit()
    room.until(lambda *_: sum(event.kind == "andon" for event in list(heard.events)) >= 3)
    told = [event.data for event in heard.events if event.kind == "andon"]
    assert "training" not in "".join([*told, *map(str, heard.lamps)])


def test_a_run_that_is_held_calls_by_itself(room):
    task = room.neighbours.task
    task.phase, task.reason, task.question.id = TaskState.HELD, "timed_out: hand", "run.9"
    room.until(lambda _, state: [c["kind"] for c in state["andon"]["calls"]] == ["hold"])
    task.phase, task.reason, task.question.id = TaskState.RUNNING, "", ""
    room.until(lambda _, state: state["andon"]["calls"] == [])


@pytest.mark.req("S4")
def test_a_call_outlives_a_kill_of_the_panel(tmp_path):
    def start():
        return subprocess.Popen(
            [
                sys.executable, "-m", "hrc_cell.nodes.operator_panel", "--ros-args",
                "-r", f"__ns:=/panel_{uuid.uuid4().hex[:6]}", "-p", "port:=0",
                "-p", f"cell:={CELL.folder}", "-p", f"state_dir:={tmp_path}",
            ],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def served():
        url, end_s = tmp_path / "panel.url", time.monotonic() + 3 * WITHIN_S
        while not url.exists():
            assert time.monotonic() < end_s
            time.sleep(0.05)
        return url.read_text().strip()

    with start() as panel:
        told = ask(served() + "api/andon/call", {"kind": "machine", "urgency": 2})
        panel.send_signal(signal.SIGKILL)
    assert told[0] == 200
    (tmp_path / "panel.url").unlink()
    with start() as panel:
        try:
            [call] = ask(served() + "api/state")[1]["andon"]["calls"]
        finally:
            panel.send_signal(signal.SIGKILL)
    assert (call["id"], call["kind"], call["urgency"]) == (told[1]["id"], "machine", 2)


def test_a_port_that_is_taken_ends_the_node_with_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = subprocess.run(
            [
                sys.executable, "-m", "hrc_cell.nodes.operator_panel", "--ros-args",
                "-r", f"__ns:=/panel_{uuid.uuid4().hex[:6]}", "-p", f"port:={port}",
                "-p", f"cell:={CELL.folder}", "-p", f"state_dir:={tmp_path}",
            ],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert ended.returncode == EXIT_NOT_CONFIGURED
    assert f"127.0.0.1:{port}" in ended.stderr
    assert "panel.port" in ended.stderr
    assert not (tmp_path / "panel.url").exists()
