"""The motor node as a process of its own, over real DDS and a real pseudo-terminal."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emulated import RunningMotors
from feetech import feetech_motors
from hrc_cell_interfaces.msg import CellEvent, JointGoals, MotionPermit, MotorStates
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from strategies import ROOT

from hrc_cell.cli.variant import variant
from hrc_cell.nodes.base import ALL, EXIT_NOT_CONFIGURED, NEWEST
from hrc_cell.settings.cell import load_cell

# What a machine shared with others may keep a process waiting for is no fault in these stories.
PATIENT = {"bus.watchdog_s": 0.5, "bus.lost_cycles_max": 40, "bus.reply_margin_s": 0.02}
OPEN, HOLD = MotorStates.GATE_OPEN, MotorStates.GATE_HOLD


class Around:
    """Monitor and executor of a motor node in a process of its own, and ears for what it says."""

    def __init__(self, folder: Path, state_dir: Path):
        self.namespace = namespace = f"/motors_{os.getpid()}_{time.monotonic_ns()}"
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("around", context=self.context, namespace=namespace)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.heard = {JointState: [], MotorStates: [], CellEvent: [], DiagnosticArray: []}
        for kind, topic, qos in (
            (JointState, "joint_states", NEWEST),
            (MotorStates, "motor_states", NEWEST),
            (CellEvent, "events", ALL),
            (DiagnosticArray, "/diagnostics", ALL),
        ):
            self.node.create_subscription(kind, topic, self.heard[kind].append, qos)
        self.permits = self.node.create_publisher(MotionPermit, "motion_permit", NEWEST)
        self.goals = self.node.create_publisher(JointGoals, "joint_goals", NEWEST)
        self.node.create_timer(0.01, self._send)
        cell = load_cell(folder)
        self.names, self.sha256 = cell.file.robot.joints, cell.safety_sha256
        self.speed_ratio, self.permitting, self.count = 0.0, True, 0
        self.goal_rad, self.speed_radps = np.zeros(len(self.names)), 0.0
        self._then_s = time.monotonic()
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "hrc_cell.nodes.motor_bus", "--ros-args",
                "-r", f"__ns:={namespace}",
                "-p", f"cell:={folder}", "-p", f"state_dir:={state_dir}",
            ],
            stderr=subprocess.PIPE,
        )  # fmt: skip
        self.log = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.decode())

    def _send(self):
        self.count += 1
        bus = self.last(MotorStates)
        if self.speed_radps and bus and bus.gate == HOLD:  # begin anew from where the motors are
            self.goal_rad = np.array([motor.position_rad for motor in bus.motors])
        now, now_s = self.node.get_clock().now().to_msg(), time.monotonic()
        self.goal_rad[0] += self.speed_radps * (now_s - self._then_s)
        self._then_s = now_s
        if self.permitting:
            permit = MotionPermit(
                seq=self.count, lease_s=0.1, speed_ratio=self.speed_ratio,
                oldest_sample_age_s=0.05, reaction_time_s=0.2,
                state=MotionPermit.FREE if self.speed_ratio else MotionPermit.STANDSTILL,
                config_sha256=self.sha256,
            )  # fmt: skip
            permit.header.stamp = now
            self.permits.publish(permit)
        velocity = [self.speed_radps, *[0.0] * (len(self.names) - 1)]
        goals = JointGoals(
            seq=self.count, lifetime_s=0.1, name=list(self.names),
            position=self.goal_rad.tolist(), velocity=velocity,
        )  # fmt: skip
        goals.header.stamp = now
        self.goals.publish(goals)

    def wait(self, what, check, timeout_s=25.0):
        """Spin until `check()` is true."""
        end_s = time.monotonic() + timeout_s
        while not check():
            assert time.monotonic() < end_s, f"{what}: not within {timeout_s} s; {self.log[-5:]}"
            self.executor.spin_once(timeout_sec=0.05)

    def bus_pid(self):
        """Return the process ID of the node's bus process."""
        node = self.process.pid
        [child] = Path(f"/proc/{node}/task/{node}/children").read_text().split()
        return int(child)

    def last(self, kind):
        return self.heard[kind][-1] if self.heard[kind] else None

    def told(self, name):
        """Return what the newest diagnostics say of "bus" or of a joint, None before the first."""
        full = f"{self.namespace[1:]}/motor_bus: {name}"
        statuses = [s for array in self.heard[DiagnosticArray] for s in array.status]
        return next((status for status in reversed(statuses) if status.name == full), None)

    def wait_told(self, name, level, words):
        self.wait(f"{words!r} of {name}", lambda: (s := self.told(name))
                  and s.level == level and words in s.message)  # fmt: skip

    def wait_gate(self, gate):
        self.wait(f"gate {gate}", lambda: (m := self.last(MotorStates)) and m.gate == gate)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("cell")
    return variant(ROOT / "config" / "default", base / "cell", PATIENT)


@pytest.fixture
def motors(tmp_path, folder):
    home = load_cell(folder).file.robot.poses["home"]
    with RunningMotors(tmp_path / "motors", start_rad=(*home, 0.3)) as running:
        yield running


@pytest.fixture
def around(tmp_path, folder, motors):
    with Around(folder, tmp_path) as running:
        running.goal_rad = motors.plant.positions.copy()
        yield running


def get_moving(motors, around):
    around.wait_gate(HOLD)
    around.speed_ratio = 1.0
    around.wait_gate(OPEN)
    around.speed_radps = 0.2
    around.wait("motion", lambda: motors.plant.velocities[0] > 0.1)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_it_moves_with_a_permit_and_says_what_the_motors_do(motors, around):
    get_moving(motors, around)
    joints, bus = around.last(JointState), around.last(MotorStates)
    assert tuple(joints.name) == tuple(m.joint for m in bus.motors) == around.names
    assert joints.position[1] == pytest.approx(motors.plant.positions[1], abs=0.01)
    assert bus.rate_hz == 200.0
    assert all(motor.torque_on for motor in bus.motors)
    assert 0.0 < bus.gate_delay_s < 0.2
    stamps = [m.header.stamp.sec + 1e-9 * m.header.stamp.nanosec for m in around.heard[JointState]]
    assert all(a < b for a, b in itertools.pairwise(stamps))
    now_s = around.node.get_clock().now().nanoseconds * 1e-9
    assert 0.0 <= now_s - stamps[-1] < 1.0
    [ready] = [e for e in around.heard[CellEvent] if e.kind == "bus_ready"] or [None]
    if ready:  # said before our ears were matched, it may be lost
        assert json.loads(ready.data)["wire_limit_hz"] == pytest.approx(400.0, abs=0.1)


@pytest.mark.req("S1")
def test_feetech_motors_move_with_a_permit_too_and_it_says_what_they_lack(tmp_path):
    changes = {**PATIENT, "bus.protocol": "feetech_sts"}
    folder = variant(ROOT / "config" / "default", tmp_path / "cell", changes)
    home = load_cell(folder).file.robot.poses["home"]
    with (
        feetech_motors(tmp_path / "motors", start_rad=(*home, 0.3)) as motors,
        Around(folder, tmp_path) as around,
    ):
        around.goal_rad = motors.plant.positions.copy()
        get_moving(motors, around)
        assert any("no Bus Watchdog" in line for line in around.log)
        around.permitting = False
        around.wait_gate(HOLD)
        motors.wait("rest", lambda: motors.resting)
        answer = ask_for_reboot(around, "joint_2")
        assert not answer.success
        assert answer.message.startswith("joint_2: its motor knows no reboot; find the cause")
        around.process.send_signal(signal.SIGTERM)
        around.wait("its end", lambda: around.process.poll() is not None)
        assert not any(motors.torque)


@pytest.mark.req("S1")
def test_without_a_permit_it_stops_and_holds(motors, around):
    get_moving(motors, around)
    around.permitting = False
    around.wait_gate(HOLD)
    assert around.last(MotorStates).gate_reason == "permit_expired"
    motors.wait("rest", lambda: motors.resting)


@pytest.mark.req("S1")
def test_killed_with_its_bus_process_it_leaves_the_motors_stopped_and_held(motors, around):
    get_moving(motors, around)
    child = around.bus_pid()
    around.process.send_signal(signal.SIGKILL)
    motors.wait(
        "tripped watchdogs",
        lambda: all(motor.watchdog_tripped for motor in motors.emulator.motors.values()),
    )
    motors.wait("rest", lambda: motors.resting)
    assert all(motors.torque)
    around.wait("the end of the bus process", lambda: not alive(child))


@pytest.mark.req("S1")
def test_stopped_in_its_tracks_it_leaves_the_arm_to_the_gate_which_brings_it_to_rest(
    motors, around
):
    get_moving(motors, around)
    around.process.send_signal(signal.SIGSTOP)
    motors.wait("rest", lambda: motors.resting)
    with motors.lock:
        held = motors.plant.positions.copy()
    assert all(motors.torque)
    around.speed_radps, around.speed_ratio = 0.0, 0.0
    around.process.send_signal(signal.SIGCONT)
    around.wait_gate(HOLD)
    assert np.allclose(motors.plant.positions, held, atol=0.02)


@pytest.mark.req("S1")
def test_it_ends_when_its_bus_process_is_gone(motors, around):
    get_moving(motors, around)
    child = around.bus_pid()
    os.kill(child, signal.SIGKILL)
    around.wait("its end", lambda: around.process.poll() is not None)
    assert around.process.returncode not in (0, EXIT_NOT_CONFIGURED)
    motors.wait("rest", lambda: motors.resting)
    around.wait("the event", lambda: any(e.kind == "bus_failed" for e in around.heard[CellEvent]))


def test_it_ends_when_its_bus_process_hangs(motors, around):
    get_moving(motors, around)
    child = around.bus_pid()
    os.kill(child, signal.SIGSTOP)
    around.wait("its end", lambda: around.process.poll() is not None)
    assert around.process.returncode not in (0, EXIT_NOT_CONFIGURED)
    motors.wait("rest", lambda: motors.resting)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_it_rests_and_then_switches_the_torque_off(motors, around, number):
    get_moving(motors, around)
    around.process.send_signal(number)
    around.wait("its end", lambda: around.process.poll() is not None)
    assert around.process.returncode == 0
    assert not any(motors.torque)


@pytest.mark.req("S1")
def test_permits_judged_with_other_safety_settings_are_void(motors, around):
    get_moving(motors, around)
    around.sha256 = "of another cell.yaml"
    around.wait_gate(HOLD)
    assert around.last(MotorStates).gate_reason == "config_differs"
    motors.wait("rest", lambda: motors.resting)
    around.wait("a word", lambda: any("other safety settings" in line for line in around.log))
    assert sum("other safety settings" in line for line in around.log) == 1


@pytest.mark.req("S2")
def test_goals_with_other_joints_are_none(motors, around):
    around.names = (*around.names[1:], around.names[0])
    around.speed_ratio = 1.0
    around.wait("a refusal", lambda: (m := around.last(MotorStates))
                and m.gate_reason == "goal_invalid")  # fmt: skip
    assert around.last(MotorStates).gate == HOLD


def test_it_says_what_is_wrong_with_the_motors_and_does_not_start(motors, tmp_path, folder):
    motors.emulator.silent.add(2)
    with Around(folder, tmp_path) as around:
        around.wait("its end", lambda: around.process.poll() is not None)
        assert around.process.returncode == EXIT_NOT_CONFIGURED
        around.wait("its reason", lambda: any("motor 2 does not answer" in x for x in around.log))


def test_diagnostics_tell_how_the_bus_and_each_motor_are(motors, around):
    get_moving(motors, around)
    around.wait_told("bus", DiagnosticStatus.OK, "")
    joint = around.names[1]
    around.wait("a whole second", lambda: value(around.told("bus"), "cycle rate [Hz]") != "unknown")
    bus, motor = around.told("bus"), around.told(joint)
    assert bus.hardware_id == str(motors.link)
    assert value(bus, "cycle rate asked for [Hz]") == "200"
    assert value(bus, "share of the wire limit") == "0.58"
    assert value(bus, "fault latched") == "none"
    assert value(bus, "latency timer [ms]") == "none"
    assert motor.hardware_id.endswith("ID 2")
    assert value(motor, "torque") == "on"
    assert value(motor, "hardware error") == "none"
    assert float(value(motor, "age of the sample [s]")) >= 0.0
    around.wait("a slow register", lambda: value(around.told(joint), "voltage [V]") != "unknown")
    assert float(value(around.told(joint), "voltage [V]")) == pytest.approx(12.0, abs=1.0)
    motors.emulator.silent.add(2)
    around.wait_told("bus", DiagnosticStatus.ERROR, f"{joint} does not answer")
    around.wait_told(joint, DiagnosticStatus.STALE, "no reply for")
    assert int(value(around.told(joint), "replies lost")) > 0


def value(status, key):
    return {pair.key: pair.value for pair in status.values}[key]


def ask_for_reboot(around, joint):
    client = around.node.create_client(Trigger, f"motors/{joint}/reboot")
    around.wait("the service", client.service_is_ready)
    future = client.call_async(Trigger.Request())
    around.wait("an answer", future.done)
    around.node.destroy_client(client)
    return future.result()


@pytest.mark.req("S3")
def test_a_motor_is_rebooted_on_request_if_it_has_a_hardware_error_and_the_gate_holds(
    motors, around
):
    around.wait_gate(HOLD)
    answer = ask_for_reboot(around, "joint_2")
    assert (answer.success, answer.message) == (
        False, "joint_2: its motor reports no hardware error",
    )  # fmt: skip
    get_moving(motors, around)
    assert "the arm moves" in ask_for_reboot(around, "joint_2").message
    with motors.lock:
        motors.emulator.motors[2].fail(0x20)
    around.speed_radps = 0.0
    around.wait("the fault", lambda: around.last(MotorStates).gate_reason.startswith("hardware"))
    around.wait_gate(HOLD)
    around.wait("the error", lambda: around.last(MotorStates).motors[1].hardware_error)
    assert ask_for_reboot(around, "joint_2").success
    around.wait("no error", lambda: not around.last(MotorStates).motors[1].hardware_error)
    around.wait("a word", lambda: any(e.kind == "bus_rebooted" for e in around.heard[CellEvent]))
    assert around.last(MotorStates).gate_reason == "hardware_error:joint_2"
    assert motors.torque == [True, False, True, True, True, True, True]


@pytest.mark.parametrize(
    ("able", "code", "words"),
    [(True, 0, "the motor of joint_2 has begun anew; reset and start"),
     (False, 1, "failed: joint_2: it still reports overload")],
)  # fmt: skip
def test_a_person_at_a_terminal_reboots_a_motor(motors, around, able, code, words):
    command = [sys.executable, "-m", "hrc_cell.cli.main", "motors", "reboot", "joint_2"]

    def ask():
        with subprocess.Popen(
            [*command, "--namespace", around.namespace],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            around.wait("its end", lambda: process.poll() is not None)
            return process.returncode, process.stdout.read().decode()

    around.wait_gate(HOLD)
    assert ask() == (1, "refused: joint_2: its motor reports no hardware error\n")
    with motors.lock:
        motors.emulator.motors[2].fail(0x20)
        if not able:
            motors.emulator.motors[2].reboot = lambda now_s: None
    around.wait("the error", lambda: around.last(MotorStates).motors[1].hardware_error)
    got, said = ask()
    assert (got, words in said) == (code, True), said


@pytest.mark.req("S3")
def test_without_its_port_it_lives_on_and_tells_no_joints(motors, around):
    get_moving(motors, around)
    motors.unplug()
    around.speed_radps = 0.0
    around.wait("the fault", lambda: around.last(MotorStates).gate_reason == "port_lost")
    around.heard[JointState].clear()
    around.wait("more states", lambda: len(around.heard[MotorStates]) % 20 == 19)
    assert around.heard[JointState] == []
    motors.plug()
    around.wait("the port", lambda: any(e.kind == "bus_port_back" for e in around.heard[CellEvent]))
    assert around.process.poll() is None
    around.wait("samples", lambda: around.last(MotorStates).motors[0].torque_on)
    assert around.heard[JointState] == []  # the monitor has not stopped the cell yet
