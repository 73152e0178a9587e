"""Bring-up by launch: the cell comes up, permits arrive, the page answers, everyone leaves cleanly.

Run by test_launch.py where launch_testing and the installed package are at hand, or by hand:
launch_test test/launch/cell_comes_up.py
"""

import tempfile
import unittest
from pathlib import Path

import launch_testing.actions
import launch_testing.asserts
import launch_testing.markers
from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from hrc_cell.cli.witness import Witness

STATE = Path(tempfile.mkdtemp(prefix="hrc_cell_launch_"))


@launch_testing.markers.keep_alive
def generate_test_description():
    """Return the cell as a user launches it, on a free port of the page."""
    file = Path(get_package_share_directory("hrc_cell")) / "launch" / "cell.launch.py"
    arguments = {"state_dir": str(STATE), "web_port": "0"}
    cell = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(file)), launch_arguments=arguments.items()
    )
    return LaunchDescription([cell, launch_testing.actions.ReadyToTest()])


class TestCellComesUp(unittest.TestCase):
    """Runs while the cell is up."""

    def test_permits_arrive_and_the_cell_can_be_reset(self):
        with Witness(("motion_permit",)) as witness:
            permit = witness.wait("a permit", lambda: witness.last("motion_permit"), 30.0)
            assert permit.speed_ratio == 0.0
            witness.wait(
                "reset possible", lambda: witness.last("motion_permit").reset_possible, 60.0
            )
        assert (STATE / "panel.url").read_text().startswith("http://")


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    """Runs when the cell is gone."""

    def test_everyone_left_cleanly(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info)
