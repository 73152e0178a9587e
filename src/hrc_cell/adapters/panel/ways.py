"""The ways in which what must be deliberate is carried out, once it was armed.

    hold      a control on the screen, held with a finger or the mouse for hold_s
    keyboard  the same control, held with the space bar; Enter does nothing on it
    pedal     a foot pedal or button that types `panel.pedal_key`, held for hold_s: for questions
              alone, and it may arm them, too, by a press that ends before it is held
    second    a second, different control at another place, tapped: for whom holding is hard

All are under the same rules: a challenge that is good once, rights, the audit trail, which names
the way. A challenge armed for a second control is good for that alone, the others for the others.
"""

from __future__ import annotations

from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal
from hrc_cell.settings.operation import PanelSettings

HOLD, KEYBOARD, PEDAL, SECOND = "hold", "keyboard", "pedal", "second"
WAYS = (HOLD, KEYBOARD, PEDAL, SECOND)
SECOND_AFTER_S = 0.5
"""A second control is dead for so long after arming: two taps of one trembling hand are one."""


def chosen(settings: PanelSettings) -> list[str]:
    """Return the ways that a person may choose on a tablet."""
    return [HOLD, SECOND] if settings.second_control else [HOLD]


def allowed(way: str, settings: PanelSettings, *, pedal: bool) -> str:
    """Return the way that a request names; it holds where it names none. Raises Refusal.

    `pedal`: the act is one for the pedal.
    """
    way = way or HOLD
    if way not in WAYS:
        raise Refusal(400, "field: way")
    of_the_cell = {SECOND: settings.second_control, PEDAL: pedal and bool(settings.pedal_key)}
    if not of_the_cell.get(way, True):
        raise Refusal(ANSWER_REFUSED, "way_not_allowed")
    return way
