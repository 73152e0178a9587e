"""How the cell's processes reach each other: Fast DDS by UDP, on this machine alone.

Shared memory, the other transport that ROS switches on, is left out: a process that joins the graph
(`ros2 topic echo` in another terminal) can then hold up every sender for a third of a second, while
the health of its port is checked. That is longer than the reaction time, and stops the arm.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from hrc_cell.settings.share import share_folder

RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""Of Fast DDS 2 (Jazzy) and of Fast DDS 3."""
PROFILE = "loopback.xml"


def local_middleware(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what must be added to an environment before ROS is initialised in it.

    Who names another range than LOCALHOST, or a profile of his own, is left to it; where he names
    a range alone, shared memory is still left out. Other middlewares get the range alone.
    """
    if not environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp").startswith("rmw_fastrtps"):
        return {} if RANGE in environment else {RANGE: "LOCALHOST"}
    if any(name in environment for name in PROFILES):
        return {}
    if environment.get(RANGE, "LOCALHOST") != "LOCALHOST":
        return {"FASTDDS_BUILTIN_TRANSPORTS": "UDPv4"}
    # LOCALHOST itself would bring transports of its own, and shared memory with them.
    file = str(share_folder() / "config" / PROFILE)
    return {RANGE: "SYSTEM_DEFAULT", **dict.fromkeys(PROFILES, file)}


def stay_local() -> None:
    """Add it to the environment of this process, and so of all that it starts."""
    os.environ.update(local_middleware())
