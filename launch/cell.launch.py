"""The whole cell, from the same list of processes as `hrc-cell up`.

ros2 launch hrc_cell cell.launch.py
ros2 launch hrc_cell cell.launch.py cell:=/path/to/my_cell namespace:=cell_2 web_port:=8766
"""

import time
from pathlib import Path

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from hrc_cell.cli.checked import checked_cell
from hrc_cell.cli.places import begin_anew, state_folder
from hrc_cell.nodes.middleware import local_middleware
from hrc_cell.nodes.processes import MARKERS, Deaths, processes_of
from hrc_cell.settings.signature import refusal

ARGUMENTS = (
    DeclareLaunchArgument(
        "cell", default_value="default",
        description="folder of the cell, or its name under config/ of the package",
    ),
    DeclareLaunchArgument(
        "state_dir", default_value="",
        description="folder for journal, records and sockets; empty: the user's state folder",
    ),
    DeclareLaunchArgument(
        "namespace", default_value="", description="namespace of all nodes of this cell"
    ),
    DeclareLaunchArgument(
        "web_port", default_value="-1",
        description="port of the operator page; -1: as in cell.yaml, 0: a free one",
    ),
    DeclareLaunchArgument(
        "record", default_value="true", choices=["true", "false"],
        description="run the recorder; without it the monitor does not wait for its heartbeat",
    ),
    DeclareLaunchArgument(
        "markers", default_value="false", choices=["true", "false"],
        description="publish markers for RViz and Foxglove; the monitor does not watch it",
    ),
    DeclareLaunchArgument(
        "log_level", default_value="info", choices=["debug", "info", "warn", "error"],
        description="least severity that is logged",
    ),
)  # fmt: skip


def processes(context):
    """Return one node action for each process of the cell."""
    value = {a.name: LaunchConfiguration(a.name).perform(context) for a in ARGUMENTS}
    cell = checked_cell(value["cell"])
    if why := refusal(cell):
        raise RuntimeError(why)
    state = value["state_dir"] or str(state_folder(cell.file.name))
    begin_anew(cell, Path(state))
    wanted = [
        process for process in processes_of(cell)
        if value["record"] == "true" or process.name != "recorder"
    ]  # fmt: skip
    shown = [MARKERS] if value["markers"] == "true" else []
    actions = []
    for process in (*wanted, *shown):
        parameters = {"cell": str(cell.folder), "state_dir": state}
        if process.name == "operator_panel":
            parameters["port"] = int(value["web_port"])
        if process.name == "safety_monitor":
            parameters["watched_nodes"] = [p.name for p in wanted if p.name != process.name]
        actions.append(
            Node(
                package="hrc_cell",
                executable=process.name,
                name=process.name,
                namespace=value["namespace"],
                parameters=[parameters],
                arguments=["--ros-args", "--log-level", value["log_level"]],
                output="screen",
                respawn=process.needed,
                respawn_delay=process.respawn_delay_s,
                on_exit=until_no_use(process.name) if process.needed else None,
            )
        )
    return actions


def until_no_use(name):
    """Return what to do when this process ends: nothing, it is started again; or end the cell."""
    deaths = Deaths()

    def ended(event, context):
        if context.is_shutdown or not deaths.no_use(event.returncode, time.monotonic()):
            return None
        why = f"{name} ended with code {event.returncode} again and again; its log says why"
        return [LogInfo(msg=f"ending the cell: {why}"), EmitEvent(event=Shutdown(reason=why))]

    return ended


def generate_launch_description():
    """Return arguments and processes; discovery stays on this machine unless told otherwise."""
    near = [SetEnvironmentVariable(*pair) for pair in local_middleware().items()]
    return LaunchDescription([*ARGUMENTS, *near, OpaqueFunction(function=processes)])
