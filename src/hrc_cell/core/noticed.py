"""What sensors and the arm's permit say of a handoff under way, and what they forbid.

A sensor that says nothing fulfils nothing: it counts as occupied where a part is to be gone, and as
free where one is to be held.
"""

from __future__ import annotations

from collections.abc import Mapping

from hrc_cell.core.given import Given
from hrc_cell.core.handoff import Handoff, HandoffEvent
from hrc_cell.core.task import Op


def hindrance(parts: Mapping[str, bool], op: Op) -> str:
    """Return why what the gripper holds forbids to begin or go on with a piece, "" if nothing."""
    if op not in (Op.OPEN, Op.OFFER, Op.PULL, Op.ASK):
        return ""
    holds = parts.get("gripper")
    if holds is None:
        return "gripper_unknown"
    if op is Op.OPEN:
        return "part_in_gripper" if holds else ""
    return "part_lost" if op is not Op.ASK and not holds else ""


def noticed(given: Given, op: Op, state: Handoff) -> HandoffEvent | None:
    """Return what happens to a handoff by itself in a piece that waits, None if nothing does."""
    holds = given.parts.get("gripper")
    if op is Op.AWAIT:
        if state is Handoff.TAKEN:
            return HandoffEvent.CLOSE
        sensed = holds is not False or given.parts.get("handover", True)
        return None if sensed else HandoffEvent.GONE
    if op is Op.SENSE:
        return HandoffEvent.SENSE if holds else None
    if op is Op.CLEAR and holds is False:
        return HandoffEvent.DROP
    clear = op is Op.CLEAR and holds and given.arm_permitted
    return HandoffEvent.GONE if clear else None
