"""A file of faults for an emulated bus: what it may say, and how it is refused."""

import re
import textwrap
from pathlib import Path

import pytest

from hrc_cell.settings.bus_faults import (
    FIELDS,
    ON_BUS,
    ON_MOTORS,
    ON_REPLIES,
    BusFault,
    load_bus_faults,
)
from hrc_cell.settings.schema import CellError

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAME = re.compile(r"`(\w+)`")


def read(tmp_path, text):
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    return load_bus_faults(file)


def test_a_file_is_read_with_what_it_leaves_out(tmp_path):
    found = read(tmp_path, "faults: [{fault: flip, at_s: 1.0, for_s: 2.0, id: 3, field: crc}]")
    assert found.seed == 1
    assert found.faults == (BusFault(fault="flip", at_s=1.0, for_s=2.0, id=3, field="crc"),)


def test_a_fault_lasts_from_its_begin_and_ends():
    fault = BusFault(fault="dead", at_s=1.0, for_s=2.0)
    assert [fault.lasts(s) for s in (0.999, 1.0, 2.999, 3.0)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{fault: stall, at_s: 0.0, for_s: 1.0, id: 1}", "faults[0]: stall happens to the whole"),
        ("{fault: reboot, at_s: 0.0, for_s: 1.0}", "reboot happens once; leave out for_s"),
        ("{fault: dead, at_s: 0.0}", "dead needs for_s above 0 s"),
        ("{fault: late, at_s: 0.0, for_s: 1.0}", "delay_s above 0 s goes with late"),
        ("{fault: dead, at_s: 0.0, for_s: 1.0, delay_s: 1.0}", "and with nothing else"),
        ("{fault: gremlins, at_s: 0.0}", "faults[0].fault = 'gremlins': is not one of the choices"),
        ("{fault: dead, at_s: -1.0, for_s: 1.0}", "faults[0].at_s = -1.0 s: is out of bounds"),
        ("{fault: flip, at_s: 0.0, for_s: 1.0, field: x}", f"(allowed: {', '.join(FIELDS)})"),
        ("{fault: dead, at_s: 0.0, for_s: 1.0, motor: 1}", "faults[0].motor: is not a key"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(tmp_path, entry, said):
    with pytest.raises(CellError) as refusal:
        read(tmp_path, f"faults: [{entry}]")
    assert said in str(refusal.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CellError, match=r"none\.yaml: \(file\): does not exist$"):
        load_bus_faults(tmp_path / "none.yaml")


def test_the_example_and_the_table_of_the_page_are_true(tmp_path):
    page = (DOCS / "motors.md").read_text()
    block = page.split("    seed: 1\n")[1].split("\n\n")[0]
    example = textwrap.dedent("    seed: 1\n" + block)
    assert len(read(tmp_path, example).faults) == 4
    table = page.split("| fault | what happens |")[1].split("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in NAME.findall(row.split("|")[1])}
    assert named == {*ON_REPLIES, *ON_MOTORS, *ON_BUS}
