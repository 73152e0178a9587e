"""Whatever process dies while the arm moves: the arm stops, stays stopped, and can go on.

Real processes, real DDS, a real kill -9; one running cell in which each node is killed in turn.
"""

import os
import signal

import pytest
from hrc_cell_interfaces.msg import MotionPermit

from hrc_cell.cli.truth import moving
from hrc_cell.cli.witness import Late
from hrc_cell.nodes.processes import PROCESSES

STOPPED_AFTER_S = 2.0
"""The slowest way to notice is a missing heartbeat (1 s); then the arm brakes."""


def get_moving(witness, tries=5):
    """Reset and start until the arm moves; a busy machine may latch the monitor in between."""
    for left in reversed(range(tries)):
        try:
            witness.go()
            witness.wait("motion", lambda: moving(witness.last("sim/truth")), 20.0)
        except Late:
            if not left:
                raise
        else:
            return


@pytest.mark.req("S1")
@pytest.mark.req("S3")
@pytest.mark.parametrize("victim", [process.name for process in PROCESSES])
def test_killing_any_node_while_the_arm_moves_stops_the_arm_until_reset_and_start(
    cell, witness, victim
):
    get_moving(witness)
    killed = cell.pids()[victim]
    killed_s = witness.now_s()
    os.kill(killed, signal.SIGKILL)
    cell.wait_respawned(victim, killed, timeout_s=20.0)
    alone_s = witness.now_s()
    truths = witness.since("sim/truth", killed_s)
    # Of sim_cell the arm is gone, too: nothing tells any more how it moves.
    assert truths or victim == "sim_cell"
    late = [t for t, m in truths if t > killed_s + STOPPED_AFTER_S and moving(m)]
    assert alone_s > killed_s + 2.0 * STOPPED_AFTER_S, "the others stop it, before it is back"
    assert not late
    witness.wait(
        "a latched monitor",
        lambda: (
            (p := witness.last("motion_permit")).state == MotionPermit.LATCHED
            and p.speed_ratio == 0.0
        ),
        10.0,
    )
    witness.wait("standstill", lambda: not moving(witness.last("sim/truth")), 5.0)
    witness.wait("a cause gone", lambda: witness.last("motion_permit").reset_possible, 40.0)
    still_from_s = witness.now_s()
    witness.pause(1.0)
    truths = witness.since("sim/truth", still_from_s)
    assert truths
    assert not any(moving(truth) for _, truth in truths)


@pytest.mark.req("S1")
def test_killing_the_owner_of_the_bus_stops_the_motors_by_their_own_watchdog(cell, witness):
    get_moving(witness)
    [bus] = cell.children("motor_bus")
    os.kill(bus, signal.SIGKILL)
    witness.wait("standstill", lambda: not moving(witness.last("sim/truth")), 5.0)
    witness.wait(
        "a latched monitor",
        lambda: witness.last("motion_permit").state == MotionPermit.LATCHED,
        10.0,
    )
    get_moving(witness)
