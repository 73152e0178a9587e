"""What goes through the shared memory arrives whole or not at all."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.serial.shared import (
    BusState,
    Command,
    GoalRecord,
    MotorRecord,
    PermitRecord,
    Shared,
)

number = st.floats(allow_nan=False)
counts = st.integers(0, 2**63)
permits = st.builds(
    PermitRecord, seq=counts, stamp_s=number, lease_s=number, speed_ratio=number,
    oldest_sample_age_s=number, reaction_time_s=number, gripper_permitted=st.booleans(),
    state=st.integers(0, 255), same_config=st.booleans(), stop_category=st.integers(0, 255),
)  # fmt: skip
rows = st.integers(2, 3).flatmap(  # of all joints, or of all but the gripper
    lambda count: st.tuples(*[st.tuples(*[number] * count)] * 2)
)
goals = st.builds(
    lambda rows, **rest: GoalRecord(positions_rad=rows[0], velocities_radps=rows[1], **rest),
    rows, seq=counts, stamp_s=number, lifetime_s=number,
)  # fmt: skip
motors = st.builds(
    MotorRecord, reply_s=number, position_rad=number, velocity_radps=number, current_a=number,
    temperature_c=number, voltage_v=number, torque_on=st.booleans(),
    hardware_error=st.integers(0, 255), lost_replies=counts,
)  # fmt: skip
states = st.builds(
    BusState, cycle=counts, missed_cycles=counts, broken_frames=counts, end_s=number,
    gate=st.integers(0, 3), gate_delay_s=number, latched=st.booleans(), latch_seen=st.booleans(),
    reason=st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=64),
    motors=st.tuples(motors, motors, motors),
)  # fmt: skip


@pytest.fixture(scope="module")
def shared():
    memory = Shared(3)
    yield memory
    memory.close()


commands = st.builds(
    Command, permit=st.none() | permits, goal=st.none() | goals, end=st.booleans(),
    reboot_seq=counts, reboot_index=st.integers(0, 255),
)  # fmt: skip


@given(commands)
def test_a_command_arrives_as_it_was_written(shared, command):
    shared.write_command(command)
    assert shared.read_command() == command


@given(states)
def test_a_state_arrives_as_it_was_written(shared, state):
    shared.write_state(state)
    assert shared.read_state() == state


def test_before_anything_was_written_there_is_nothing():
    memory = Shared(3)
    assert memory.read_command() is None
    assert memory.read_state() is None
    memory.beat()
    memory.beat()
    assert memory.beats == 2
    memory.close()


@pytest.mark.req("S2")
def test_a_record_that_is_half_written_or_damaged_is_not_read():
    memory = Shared(3)
    memory.write_command(Command(end=True))
    memory._command._head[0] += 1  # as a writer that died while writing leaves it
    assert memory.read_command() is None
    memory.write_command(Command(end=True))
    assert memory.read_command() == Command(end=True)
    memory._memory[memory._command._data] ^= 1
    assert memory.read_command() is None
    memory.close()


def test_a_reader_never_sees_two_writings_mixed():
    memory = Shared(3)
    ending, wrong = threading.Event(), []

    def write():
        seq = 0
        while not ending.is_set():
            seq += 1
            same = (float(seq),) * 3
            goal = GoalRecord(
                seq=seq, stamp_s=0.0, lifetime_s=0.0, positions_rad=same, velocities_radps=same
            )
            memory.write_command(Command(goal=goal))

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(3000):
        command = memory.read_command()
        if (
            command
            and command.goal
            and set(command.goal.positions_rad) != {float(command.goal.seq)}
        ):
            wrong.append(command)
    ending.set()
    writer.join()
    memory.close()
    assert wrong == []
