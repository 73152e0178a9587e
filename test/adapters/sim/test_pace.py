"""Real time: steps keep coming, bytes are answered in between, lost time is told and let go."""

import os
import threading
import time

import pytest

from hrc_cell.adapters.sim.pace import CATCH_UP_S, Pacer

DEADLINE_S = 10.0


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_the_world_never_runs_ahead_of_real_time():
    done = threading.Event()
    steps = []

    def step():
        steps.append(time.monotonic())
        if len(steps) == 50:
            done.set()

    start = time.monotonic()
    pacer = Pacer(step, 0.002, {}, lambda lost: None)
    pacer.start()
    assert done.wait(DEADLINE_S)
    pacer.stop()
    # The n-th step is due n periods after the start, whatever held the thread up before.
    assert all(at >= start + 0.002 * (index + 1) for index, at in enumerate(steps))


def test_bytes_are_served_before_the_next_step_is_due(pipe):
    heard = threading.Event()

    def serve():
        os.read(pipe[0], 10)
        heard.set()

    pacer = Pacer(lambda: None, 60.0, {pipe[0]: serve}, lambda lost: None)
    pacer.start()
    os.write(pipe[1], b"x")
    assert heard.wait(DEADLINE_S)
    os.write(pipe[1], b"x")  # wakes the thread, so that it sees that it shall end
    pacer.stop()


def test_time_lost_is_told_and_not_made_up():
    lost, steps, done = [], [], threading.Event()

    def step():
        steps.append(time.monotonic())
        if len(steps) == 1:
            threading.Event().wait(4.0 * CATCH_UP_S)  # the machine was busy elsewhere
        if len(steps) == 20:
            done.set()

    pacer = Pacer(step, 0.005, {}, lost.append)
    pacer.start()
    assert done.wait(DEADLINE_S)
    pacer.stop()
    assert sum(lost) > CATCH_UP_S


def test_an_error_of_the_world_is_kept_for_whoever_asks():
    def step():
        raise ArithmeticError("the world exploded")

    pacer = Pacer(step, 0.001, {}, lambda lost: None)
    pacer.start()
    end = time.monotonic() + DEADLINE_S
    while pacer.failure is None and time.monotonic() < end:
        threading.Event().wait(0.01)
    pacer.stop()
    assert isinstance(pacer.failure, ArithmeticError)
