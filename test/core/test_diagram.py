"""A drawing holds every change of a table, and nothing that changes nothing."""

from enum import Enum

from hrc_cell.core.diagram import state_diagram


class Lamp(Enum):
    OFF = "off"
    ON = "on"


class Hand(Enum):
    PRESS = "press"
    WAVE = "wave"


def test_a_table_is_drawn_from_its_first_state_on():
    table = {
        (Lamp.OFF, Hand.PRESS): Lamp.ON, (Lamp.ON, Hand.PRESS): Lamp.OFF,
        (Lamp.OFF, Hand.WAVE): Lamp.OFF, (Lamp.ON, Hand.WAVE): Lamp.ON,
    }  # fmt: skip
    assert state_diagram(Lamp.OFF, table).splitlines() == [
        "stateDiagram-v2", "    [*] --> off", "    off --> on: press", "    on --> off: press",
    ]  # fmt: skip
