"""A simulated world of the default cell, changed as each test needs it; it runs by itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.sim.world import SimWorld
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.operation import SimPerson

ROOT = Path(__file__).parents[3]
CELL = load_cell(ROOT / "config" / "default")
URDF = load_description(CELL).urdf_text
ROOM = (ROOT / "sim" / "room.xml").read_text()


class Bench(SimWorld):
    """A world with a hand on its joints and on its time."""

    def __init__(self, **changes):
        people = changes.pop("people", ())
        scanner = replace(CELL.file.sim.scanner, **changes.pop("scanner", {}))
        sim = replace(CELL.file.sim, people=people, scanner=scanner, **changes)
        cell = replace(CELL, file=replace(CELL.file, sim=sim))
        super().__init__(cell, urdf_text=URDF, room_xml=ROOM)
        self.joints = len(self.scene.joint_names)

    def run(self, seconds):
        """Let time pass; return the scans of it."""
        return [scan for _ in range(round(seconds / self.step_s)) for scan in self.step()]

    def until(self, what, seconds):
        """Let time pass until `what()` holds; fail after `seconds`."""
        for _ in range(round(seconds / self.step_s)):
            if what():
                return
            self.step()
        raise AssertionError(f"not within {seconds} s of simulated time")

    def power(self, on=True):
        for joint in range(self.joints):
            self.motors.power(joint, on=on)

    def move(self, pose, opening_rad, seconds=1.5):
        """Go to a pose along a straight line in joint space, smoothly, and settle."""
        start, end = (
            self.motors.goal_rad.copy(),
            np.array([*CELL.file.robot.poses[pose], opening_rad]),
        )
        count = round(seconds / self.step_s)
        for index in range(1, count + 1):
            part = index / count
            smooth = part**3 * (10.0 - 15.0 * part + 6.0 * part**2)
            for joint, goal in enumerate(start + (end - start) * smooth):
                self.motors.set_goal(joint, goal)
            self.step()
        self.run(0.3)

    def places(self):
        truth = self.truth()
        return dict(zip(truth.part, truth.part_place, strict=True))


def person(**changes):
    """Return the settings of a person who stands far away, unless changed."""
    base = SimPerson(
        behaviour="waiting", path_m=((5.0, 0.0),), speed_mps=1.0, pause_s=0.0, height_m=1.7
    )
    return replace(base, **changes)


@pytest.fixture
def world():
    """An empty cell with a powered arm."""
    made = Bench()
    made.power()
    return made


@pytest.fixture(scope="session")
def make_world():
    return Bench


@pytest.fixture(scope="session")
def make_person():
    return person


@pytest.fixture(scope="session")
def cell():
    return CELL


@pytest.fixture(scope="session")
def urdf():
    return URDF
