"""A recipe: what robot and person do in turn, as data.

Each step has an actor and an automation level. `manual`: a person does or triggers it each time.
`confirm`: the robot asks before it acts; at a handover before it releases. `auto`: it acts by
itself; a handover never is, because a part is released only when a person says so.
"""

from dataclasses import dataclass

from hrc_cell.settings.contact import HEAD, PFL, TOUCHABLE
from hrc_cell.settings.schema import setting

ACTS = ("move", "pick", "place", "handover", "work", "wait")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step.

    Acts: `move` along poses; `pick` = open, move along poses, close, and a part must be held;
    `place` = move along poses, open; `handover` = move along poses, offer the part, wait for a
    person's confirmation, release, see it taken; `work` = a person's work, done when confirmed;
    `wait` = for `time_s`.
    """

    id: str = setting("name of the step, unique in the recipe", pattern="[a-z][a-z0-9_]*")
    actor: str = setting("whose turn", choices=("robot", "person", "both"))
    act: str = setting("what is done", choices=ACTS)
    automation: str = setting("how far the robot acts by itself",
                              choices=("manual", "confirm", "auto"))  # fmt: skip
    text_key: str = setting("work instruction: a message id of the catalogues, or the text")
    poses: tuple[str, ...] = setting("poses to move through, in order", default=())
    speed_ratio: float = setting("of the planned speed", unit="1", low=0.05, high=1.0, default=1.0)
    time_s: float = setting("of a wait", unit="s", low=0.0, high=3600.0, default=0.0)
    timeout_s: float = setting(
        "waiting for a person: then the step is held and help called; never confirms by itself",
        unit="s", low=1.0, high=86400.0, default=600.0,
    )  # fmt: skip

    contact_region: str = setting(
        "part of the body that the arm may touch in this step, with the section contact of "
        f"cell.yaml: {', '.join(TOUCHABLE)}; empty: no contact", source=PFL, default="",
    )  # fmt: skip
    tool: str = setting("what the arm carries in this step; empty: nothing named", default="")

    def __post_init__(self) -> None:
        if self.contact_region in HEAD:
            raise ValueError(
                f"step {self.id!r}: contact_region {self.contact_region!r}: contact with skull, "
                "forehead or face is not permissible; plan the step so that it cannot happen"
            )
        if self.contact_region and self.contact_region not in TOUCHABLE:
            raise ValueError(
                f"step {self.id!r}: contact_region {self.contact_region!r} is not one of "
                f"{', '.join(TOUCHABLE)}"
            )
        if self.act in ("move", "pick", "place", "handover") and not self.poses:
            raise ValueError(f"step {self.id!r}: {self.act} needs poses")
        if self.act == "work" and self.actor == "robot":
            raise ValueError(f"step {self.id!r}: work is a person's; actor must be person or both")
        if self.act == "handover" and self.actor != "both":
            raise ValueError(f"step {self.id!r}: a handover needs actor: both")
        if self.act == "handover" and self.automation == "auto":
            raise ValueError(
                f"step {self.id!r}: a handover needs automation: confirm or manual; "
                "a part is released only when a person says so"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFile:
    """recipes/<name>.yaml."""

    title_key: str = setting("title: a message id of the catalogues, or the text itself")
    steps: tuple[Step, ...] = setting("the steps in order")

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("steps is empty")
        ids = [step.id for step in self.steps]
        double = sorted({i for i in ids if ids.count(i) > 1})
        if double:
            raise ValueError(f"step id {', '.join(double)} stands more than once")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A checked recipe."""

    name: str
    title_key: str
    steps: tuple[Step, ...]
