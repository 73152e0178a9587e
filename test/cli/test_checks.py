"""The verdict over what was measured."""

import json

import pytest

from hrc_cell.cli.checks import Check, conclude

GOOD = Check(name="stops", ok=True, value=0.2, unit="s", limit=0.4)
NEVER = Check(name="stands", ok=False, value=float("inf"), unit="s", limit=0.4)


def test_all_must_hold_and_what_is_not_finite_is_no_number_in_the_result(tmp_path):
    file = tmp_path / "result.json"
    assert conclude([GOOD], file) == 0
    assert json.loads(file.read_text()) == {
        "passed": True,
        "checks": [{"name": "stops", "ok": True, "value": 0.2, "unit": "s", "limit": 0.4}],
    }
    assert conclude([GOOD, NEVER], file) == 1

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    result = json.loads(file.read_text(), parse_constant=refuse)
    assert not result["passed"]
    assert result["checks"][1]["value"] is None


@pytest.mark.parametrize("checks", [[], [NEVER]])
def test_nothing_proven_is_not_passed(checks, capsys):
    assert conclude(checks, None) == 1
    assert capsys.readouterr().out.endswith("FAILED\n")
