"""How old the data may be behind an act: what lets the robot go on needs fresh ones of monitor and
task; to stop, refuse or give up, old ones will do."""

from __future__ import annotations

from collections.abc import Mapping

from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal
from hrc_cell.settings.operation import PanelSettings

TASK_PERIOD_S = 0.5
"""So often the task says its state when nothing changes: by so much it may be older than others."""


def demand_fresh(
    ages: Mapping[str, float | None], settings: PanelSettings, *, goes_on: bool
) -> None:
    """Return if the data are fresh enough. Raises Refusal. What was never heard is too old."""
    limit_s = settings.stale_s if goes_on else settings.lost_s
    if not _within(ages["task_s"], limit_s + TASK_PERIOD_S):
        raise Refusal(ANSWER_REFUSED, "stale_data")
    if goes_on and not _within(ages["permit_s"], limit_s):
        raise Refusal(ANSWER_REFUSED, "stale_data")


def _within(age_s: float | None, limit_s: float) -> bool:
    return age_s is not None and 0.0 <= age_s <= limit_s
