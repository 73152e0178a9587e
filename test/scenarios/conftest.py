"""A running cell for each file of scenarios: real processes, real DDS, the default cell exercising.

It ends with the file. One that ran on would take the machine from all tests that come later.
"""

from dataclasses import replace

import pytest

from hrc_cell.cli import supervisor
from hrc_cell.cli.supervisor import Supervisor
from hrc_cell.cli.variant import variant
from hrc_cell.cli.witness import Witness
from hrc_cell.nodes.processes import PROCESSES
from hrc_cell.settings.share import share_folder

RESPAWN_DELAY_S = 4.5
"""Long enough to see what the others do while one is gone."""
WAITING = {
    "behaviour": "waiting", "path_m": [[5.4, 0.0]], "speed_mps": 1.0, "pause_s": 1.0,
    "height_m": 1.7,
}  # fmt: skip


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """A cell whose arm exercises once it is reset and started; a person stands far away."""
    scratch = tmp_path_factory.mktemp("cell")
    folder = variant(
        share_folder() / "config" / "default",
        scratch / "cell",
        {"task.recipe": "exercise", "task.repeat": True, "panel.port": 0, "sim.people": [WAITING]},
    )
    late = [replace(process, respawn_delay_s=RESPAWN_DELAY_S) for process in PROCESSES]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor, "processes_of", lambda cell: late)
        with Supervisor(cell=folder, state_dir=scratch / "state") as running:
            running.wait_ready(60.0)
            yield running


@pytest.fixture(scope="module")
def witness(cell):
    """Somebody who watches the cell."""
    with Witness(("motion_permit", "sim/truth")) as watching:
        yield watching
