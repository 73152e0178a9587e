"""The demo tells the whole story to its end, beside another cell on the same machine."""

import json
import subprocess
import sys

STORY = [
    "begins_stopped", "reset_moves_nothing", "part_picked", "slowed_in_the_zone",
    "works_on_slowly_in_the_zone", "moved_when_told_to_stop", "permit_to_standstill_for_a_person",
    "stands_while_a_person_is_near", "position_error_at_resume",
    "no_jump_at_resume_top_of_joint_speed_limit", "offers_at_monitored_standstill",
    "holds_the_part_until_confirmed", "page_confirmation_accepted", "part_released_and_taken",
    "scan_to_permit_median", "scan_to_permit_p99", "silence_latches",
    "permit_to_standstill_for_a_fault", "silence_to_standstill",
    "stays_stopped_when_the_scanner_is_back", "reset_alone_moves_nothing",
    "goes_on_after_reset_and_start", "least_separation_minus_required",
]  # fmt: skip


def test_the_whole_story_holds_and_is_written_down(tmp_path):
    file = tmp_path / "demo.json"
    told = subprocess.run(
        [sys.executable, "-m", "hrc_cell.cli.main", "demo", "--headless", "--json", str(file)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    result = json.loads(file.read_text())
    assert result["passed"]
    assert [check["name"] for check in result["checks"]] == STORY
    assert all(check["ok"] for check in result["checks"])
