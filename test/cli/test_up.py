"""`hrc-cell up` with real processes: it starts once, brings back, ends in order, leaves nobody."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from hrc_cell.cli.supervisor import Supervisor, _Child
from hrc_cell.cli.variant import variant
from hrc_cell.nodes.processes import EXIT_NOT_CONFIGURED, MARKERS, PROCESSES
from hrc_cell.settings.share import share_folder

PATIENCE_S = 180.0
HRC_CELL = [sys.executable, "-m", "hrc_cell.cli.main"]
DOMAIN = str(50 + os.getpid() % 30)


class Up:
    """A cell started as a person starts it."""

    def __init__(self, folder, state, *words):
        self.state = state
        self.command = [*HRC_CELL, "up", "--cell", str(folder), "--state", str(state), *words]
        self.environment = {**os.environ, "ROS_DOMAIN_ID": DOMAIN}
        self.printed = ""
        self.popen = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=self.environment,
        )  # fmt: skip
        os.set_blocking(self.popen.stdout.fileno(), False)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.popen.kill()
        self.popen.wait()
        self.popen.stdout.close()

    def read_until(self, text):
        """Read what it prints until `text` is in it; fail if it ends before."""
        end_s = time.monotonic() + PATIENCE_S
        while text not in self.printed:
            assert time.monotonic() < end_s, f"no {text!r} in:\n{self.printed}"
            select.select([self.popen.stdout], [], [], 1.0)
            data = self.popen.stdout.read()
            assert data != b"", f"ended before {text!r}:\n{self.printed}"
            self.printed += (data or b"").decode()

    def node(self, name):
        """Return the process of a node."""
        [found] = [
            p for p in psutil.Process(self.popen.pid).children()
            if f"hrc_cell.nodes.{name}" in p.cmdline()
        ]  # fmt: skip
        return found

    def everyone(self):
        """Return all that it started, also what they started, by name."""
        found = {process.name: self.node(process.name) for process in PROCESSES}
        [bus] = found["motor_bus"].children()
        return {**found, "bus": bus}

    def call(self, *words):
        return subprocess.run(
            [*HRC_CELL, *words], env=self.environment, capture_output=True, text=True,
            timeout=PATIENCE_S,
        )  # fmt: skip


def order_of_ends(processes):
    """Wait until all have ended; return for each in which round of news its end was told."""
    watched = {os.pidfd_open(process.pid): name for name, process in processes.items()}
    poller, rounds, number = select.poll(), {}, 0
    for handle in watched:
        poller.register(handle, select.POLLIN)
    yield
    end_s = time.monotonic() + PATIENCE_S
    while watched:
        assert time.monotonic() < end_s, f"still there: {list(watched.values())}"
        for handle, _ in poller.poll(1000):
            poller.unregister(handle)
            os.close(handle)
            rounds[watched.pop(handle)] = number
        number += 1
    yield rounds


@pytest.fixture
def folder(tmp_path):
    return variant(share_folder() / "config" / "default", tmp_path / "cell", {"panel.port": 0})


@pytest.mark.req("S1")
def test_from_the_address_of_the_page_to_the_last_process_that_ends(folder, tmp_path):
    with Up(folder, tmp_path / "state") as up:
        up.read_until("press reset, then start")
        assert "operator page: http://127.0.0.1:" in up.printed

        second = subprocess.run(up.command, env=up.environment, capture_output=True, text=True)
        assert second.returncode == 1
        assert "runs already" in second.stderr
        assert "--state" in second.stderr
        elsewhere = [*up.command, "--state", str(tmp_path / "other")]
        third = subprocess.run(elsewhere, env=up.environment, capture_output=True, text=True)
        assert third.returncode == 1
        assert "runs already in ROS domain" in third.stderr
        assert "--namespace" in third.stderr

        up.node("motor_bus").kill()
        up.read_until("motor_bus died (signal 9): started again")
        wait_for_bus(up)

        ends = order_of_ends(up.everyone())
        next(ends)
        up.popen.send_signal(signal.SIGINT)
        up.popen.send_signal(signal.SIGINT)
        rounds = next(ends)
        assert up.popen.wait(PATIENCE_S) == 0
        up.printed += up.popen.stdout.read().decode()
        assert "killed" not in up.printed.partition("ending ...")[2]
        assert rounds["motion_executor"] <= rounds["motor_bus"] <= rounds["sim_cell"]
        assert rounds["task_manager"] <= rounds["motor_bus"]


def wait_for_bus(up):
    """Wait until the node that was started again owns a bus process."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        assert time.monotonic() < end_s, up.printed
        try:
            if len(up.everyone()) > len(PROCESSES):
                return
        except (ValueError, psutil.NoSuchProcess):
            select.select([], [], [], 0.1)


@pytest.mark.req("S3")
def test_go_presses_reset_and_start_and_a_button_can_be_pressed_from_elsewhere(folder, tmp_path):
    with Up(folder, tmp_path / "state", "--go", "--verbose") as up:
        up.read_until("the arm may move")
        pressed = up.call("press", "emergency_stop_input=hold", "emergency_stop_input=release")
        assert pressed.returncode == 0, pressed.stderr
        assert pressed.stdout.split() == ["emergency_stop_input:", "hold", "emergency_stop_input:",
                                          "release"]  # fmt: skip
        up.read_until("LATCHED: emergency_stop_input")
        refused = up.call("press", "mode=hold")
        assert refused.returncode == 2
        assert "manual, collaborative, automatic" in refused.stderr
        up.popen.send_signal(signal.SIGTERM)
        assert up.popen.wait(PATIENCE_S) == 0


def test_a_simulated_cell_begins_in_a_new_world_and_keeps_the_old_journal_aside(folder, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "journal.jsonl").write_text("of a world that is gone")
    (state / "background.npz").write_text("of a room that is gone")
    with Up(folder, state) as up:
        up.read_until("press reset, then start")
        assert (state / "journal.before").read_text() == "of a world that is gone"
        up.popen.send_signal(signal.SIGINT)
        assert up.popen.wait(PATIENCE_S) == 0


def test_a_state_folder_that_cannot_be_used_is_told_in_words(folder, tmp_path):
    (tmp_path / "state").write_text("a file")
    with Up(folder, tmp_path / "state") as up:
        up.read_until("the state folder cannot be used")
        assert up.popen.wait(PATIENCE_S) == 1


def test_nobody_outlives_a_supervisor_that_is_killed(folder, tmp_path):
    with Up(folder, tmp_path / "state") as up:
        up.read_until("press reset, then start")
        ends = order_of_ends(up.everyone())
        next(ends)
        up.popen.kill()
        assert len(next(ends)) == len(PROCESSES) + 1


def test_ctrl_c_before_the_cell_is_ready_ends_it_all_the_same(folder, tmp_path):
    with Up(folder, tmp_path / "state", "--verbose") as up:
        up.read_until("operator page:")
        up.popen.send_signal(signal.SIGINT)
        assert up.popen.wait(PATIENCE_S) == 0


def test_a_node_that_cannot_be_configured_ends_the_cell_and_says_why(folder, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Up(folder, tmp_path / "state", "--port", str(port)) as up:
            up.read_until("error: not configured: the page cannot listen on 127.0.0.1")
            up.read_until("ending ...")
            assert up.popen.wait(PATIENCE_S) == 1


def test_who_holds_the_motors_ends_after_all_who_ask_for_motion_and_the_simulation_last():
    ends = {process.name: process.ends for process in PROCESSES}
    others = set(ends) - {"motor_bus", "sim_cell"}
    assert max(ends[name] for name in others) < ends["motor_bus"] < ends["sim_cell"]


def test_what_only_shows_is_given_up_where_it_dies_again_and_again_and_the_cell_goes_on(tmp_path):
    said = []
    cell = Supervisor(
        cell=share_folder() / "config" / "default", state_dir=tmp_path, say=said.append,
        markers=True,
    )  # fmt: skip
    (shows,) = cell._extra
    assert shows is MARKERS
    dead = _Child(
        replace(shows, respawn_delay_s=0.0), ["true"], tmp_path / "markers.log",
        notify_socket="", verbose=False,
    )  # fmt: skip
    cell._children = {"markers": dead}
    for _ in range(3):
        assert cell.pids()
        dead.popen.wait()
        cell._bring_back(dead, EXIT_NOT_CONFIGURED)
    assert cell.pids() == {}
    assert said[-1].startswith("markers ended with code 3 again and again: the cell runs without")
    assert cell.wait_failed(0.0) is None, "nobody is told that the cell must end"
