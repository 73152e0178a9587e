"""docs/graph.md names every topic, service, action and parameter of the running cell, no more."""

import re
from pathlib import Path

import pytest
from rcl_interfaces.srv import ListParameters

from hrc_cell.nodes.processes import PROCESSES

PAGE = (Path(__file__).parents[2] / "docs" / "graph.md").read_text(encoding="utf-8")
STANDARD = re.compile(
    r"/rosout$|/parameter_events$|/transition_event$|/_action/|/get_type_description$"
    r"|/(describe|get|list|set)_parameter|/get_parameter_types$|/set_parameters_atomically$"
    r"|/(change|get)_state$|/get_available_(states|transitions)$|/get_transition_graph$"
)
PARAMETERS_OF_ROS = {"use_sim_time", "start_type_description_service"}


def documented(section):
    """Return the first two columns, in back-ticks, of each row of a section's table."""
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    return {
        tuple(re.findall(r"`([^`]+)`", line)[:2]) for line in text.splitlines() if "| `" in line
    }


def here(names_and_types):
    return {
        (name.removeprefix("/"), kinds[0])
        for name, kinds in names_and_types
        if not STANDARD.search(name)
    }


@pytest.fixture(scope="module")
def settled(cell, witness):
    """The cell with all its nodes found."""
    names = {process.name for process in PROCESSES}
    witness.wait(
        "all nodes", lambda: names <= set(witness.node.get_node_names()) and witness.node, 30.0
    )
    return witness.node


def test_every_topic_is_documented_and_there_is_no_other(settled):
    found = {
        (name.replace("scanners/left/", "scanners/<name>/"), kind)
        for name, kind in here(settled.get_topic_names_and_types())
        if not name.startswith("scanners/right/")
    }
    assert found == documented("Topics")


def test_every_service_is_documented_and_there_is_no_other(settled):
    found = {
        (re.sub("^motors/[^/]+/", "motors/<joint>/", name), kind)
        for name, kind in here(settled.get_service_names_and_types())
    }
    assert found == documented("Services")


def test_every_action_is_documented_and_there_is_no_other(settled):
    actions = {
        (name.removeprefix("/").removesuffix("/_action/feedback"),
         kinds[0].removesuffix("_FeedbackMessage"))
        for name, kinds in settled.get_topic_names_and_types()
        if name.endswith("/_action/feedback")
    }  # fmt: skip
    assert actions == documented("Actions")


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_every_parameter_is_documented_and_there_is_no_other(settled, witness, process):
    client = settled.create_client(ListParameters, f"/{process.name}/list_parameters")
    assert client.wait_for_service(10.0)
    future = client.call_async(ListParameters.Request())
    witness.wait("the parameters", future.done, 10.0)
    found = {
        name.replace("scanners.left.", "scanners.<name>.")
        for name in future.result().result.names
        if not name.startswith("scanners.right.")
    } - PARAMETERS_OF_ROS
    rows = {
        parameter for node, parameter in documented("Parameters") if node in ("all", process.name)
    }
    assert found == rows
