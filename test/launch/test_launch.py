"""The launch file under launch_testing, where ROS is installed."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def missing() -> str:
    """Return what stands in the way of a launch test, "" if nothing does."""
    for module in ("launch", "launch_ros", "launch_testing"):
        if importlib.util.find_spec(module) is None:
            return f"{module} is not here: it comes with a ROS distribution; see CONTRIBUTING.md"
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        get_package_prefix("hrc_cell")
    except PackageNotFoundError:
        return "hrc_cell is not installed as a ROS package (colcon build, then source install)"
    return ""


@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
def test_the_cell_comes_up_and_leaves_cleanly_under_launch():
    done = subprocess.run(
        [sys.executable, "-m", "launch_testing.launch_test", HERE / "cell_comes_up.py"],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
