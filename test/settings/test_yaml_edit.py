"""A number changed in a YAML text leaves all else as it was written."""

import pytest
import yaml

from hrc_cell.settings.share import share_folder
from hrc_cell.settings.yaml_edit import set_values

FLOW = """\
# The arm.
arm:
  - {joint: a, motor_id: 1}   # base
  - {joint: b, motor_id: 2, zero_counts: 2048}  # above it
hand: {joint: h,
       motor_id: 7}
"""
BLOCK = """\
arm:
  - joint: a
    motor_id: 1   # base

  - joint: b      # above it
    zero_counts: 2048
    motor_id: 2
"""


def test_a_value_is_replaced_and_a_missing_key_is_added_where_it_belongs():
    changes = {("arm", 0, "zero_counts"): 10, ("arm", 1, "zero_counts"): 20,
               ("hand", "reversed"): True}  # fmt: skip
    assert set_values(FLOW, changes) == (
        "# The arm.\n"
        "arm:\n"
        "  - {joint: a, motor_id: 1, zero_counts: 10}   # base\n"
        "  - {joint: b, motor_id: 2, zero_counts: 20}  # above it\n"
        "hand: {joint: h,\n"
        "       motor_id: 7, reversed: true}\n"
    )


def test_sections_in_blocks_are_changed_too():
    changes = {("arm", 0, "zero_counts"): 10, ("arm", 1, "zero_counts"): 20,
               ("arm", 1, "reversed"): False}  # fmt: skip
    assert set_values(BLOCK, changes) == (
        "arm:\n"
        "  - joint: a\n"
        "    motor_id: 1   # base\n"
        "    zero_counts: 10\n"
        "\n"
        "  - joint: b      # above it\n"
        "    zero_counts: 20\n"
        "    motor_id: 2\n"
        "    reversed: false\n"
    )


def test_the_default_cell_keeps_every_comment():
    text = (share_folder() / "config" / "default" / "cell.yaml").read_text()
    changes = {("robot", "arm", index, "zero_counts"): 2000 + index for index in range(6)}
    after = set_values(text, changes)
    assert [m["zero_counts"] for m in yaml.safe_load(after)["robot"]["arm"]] == [
        2000, 2001, 2002, 2003, 2004, 2005,
    ]  # fmt: skip
    assert [line.partition("#")[2] for line in after.splitlines()] == [
        line.partition("#")[2] for line in text.splitlines()
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("arm", 5, "zero_counts"), r"arm\[5\].zero_counts: there is no 5"),
        (("leg", "zero_counts"), "there is no leg"),
        (("arm", "zero_counts"), "does not stand in a mapping"),
    ],
)
def test_a_place_that_is_not_there_is_told(path, said):
    with pytest.raises(ValueError, match=said):
        set_values(FLOW, {path: 1})


def test_what_an_anchor_would_change_elsewhere_is_refused():
    with pytest.raises(ValueError, match="cannot be changed safely"):
        set_values("a: &one {x: 1}\nb: *one\n", {("b", "x"): 2})


def test_a_section_that_ends_with_a_block_is_left_to_the_person():
    with pytest.raises(ValueError, match="add the key by hand"):
        set_values("a:\n  b:\n    c: 1\n", {("a", "d"): 2})
