"""Torque comes on at joints that rest: what still moves is waited for, or refused."""

import pytest
from emulated import PATIENT, RunningMotors, plan_for
from feetech import feetech_motors, feetech_plan

from hrc_cell.adapters.serial import rest
from hrc_cell.adapters.serial.drives import make_drive
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.master import NoReply, Refused
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.adapters.serial.port import Port

PUSHED = 2
SPEED_RADPS = 0.15
"""Slow enough to pass two readings one after the other for a joint at rest."""


class Pushed(FreeMotors):
    """Motors of which one is turned by hand, for a while or all the time."""

    for_s = 0.0

    def _step(self, dt_s):
        super()._step(dt_s)
        if self.for_s > 0.0:
            self.for_s -= dt_s
            self.positions[PUSHED] += SPEED_RADPS * dt_s


KINDS = {
    "dynamixel": (plan_for, RunningMotors, Emulator),
    "feetech_sts": (feetech_plan, feetech_motors, FeetechEmulator),
}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def running(kind, tmp_path, **more):
    return KINDS[kind][1](tmp_path / "motors", plant=Pushed, **more)


def drive_of(kind, motors):
    plan = KINDS[kind][0](motors.link, **PATIENT)
    return make_drive(plan, Port(str(motors.link), 1_000_000))


@pytest.mark.req("S3")
def test_a_joint_that_is_turned_all_the_time_is_refused_and_nothing_gets_torque(tmp_path, kind):
    with running(kind, tmp_path) as motors:
        motors.plant.for_s = 60.0
        drive = drive_of(kind, motors)
        with pytest.raises(Refused, match=r"^joint_3 moves; it must rest when it is brought up$"):
            drive.bring_up(lambda: None)
        assert not motors.plant.powered.any()
        drive.close_port()


@pytest.mark.req("S3")
def test_a_joint_that_comes_to_rest_is_waited_for_and_held_where_it_rests(tmp_path, kind):
    with running(kind, tmp_path) as motors:
        motors.plant.for_s = 0.6
        drive = drive_of(kind, motors)
        heard = []
        drive.bring_up(lambda: heard.append(drive.motors[PUSHED].position_rad))
        assert motors.plant.for_s <= 0.0
        assert motors.plant.powered.all()
        rests_at = motors.plant.positions[PUSHED]
        assert rests_at > 0.08
        assert drive.motors[PUSHED].position_rad == pytest.approx(rests_at, abs=0.004)
        assert len(heard) > 5, "joints are known while they are waited for"
        drive.close_port()


@pytest.mark.req("S2")
def test_a_joint_that_tells_nothing_is_not_taken_for_one_at_rest(tmp_path, kind):
    with running(kind, tmp_path) as motors:
        drive = drive_of(kind, motors)

        def silenced():
            motors.emulator.silent.add(PUSHED + 1)
            drive.read_all()

        drive.read_all()
        with pytest.raises(NoReply, match=r"^joint_3: motor 3 does not answer; check power"):
            rest.wait_for_rest(drive, silenced)
        drive.close_port()


def test_every_second_reply_lost_only_makes_it_take_longer(tmp_path, kind):
    with running(kind, tmp_path) as motors:
        drive = drive_of(kind, motors)
        count = 0

        def lossy():
            nonlocal count
            count += 1
            (motors.emulator.silent.add if count % 2 else motors.emulator.silent.discard)(4)
            drive.read_all()

        rest.wait_for_rest(drive, lossy)
        assert count > 2
        drive.close_port()
