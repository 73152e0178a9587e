"""A recipe: what robot and person do in turn, as data.

Each step has an actor and an automation level. `manual`: a person does or triggers it each time.
`confirm`: the robot asks before it acts; at a handover before it releases, at a receive before it
closes. `auto`: it acts by itself; those two never are, because the gripper opens or closes around a
part that a person holds only when a person says so.

After a step comes the next one of the file, or the one that `next` names. A person's step can offer
named `answers`, each of which may lead elsewhere; a group of steps can be repeated. What of this
leads nowhere is found in settings.recipe_routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hrc_cell.settings.contact import HEAD, PFL, TOUCHABLE
from hrc_cell.settings.operation import LANGUAGES
from hrc_cell.settings.recipe_routes import END, NAME, flaws_of_routes
from hrc_cell.settings.schema import Flaw, Flaws, setting

ACTS = ("move", "pick", "place", "handover", "receive", "work", "wait")
SENSE_S = 2.0
NAMED = f"id of a step, or {END}"
RESERVED = ("go", "done", "confirm", "refuse", "retry", "offer_again", "by_hand", "skip", "abort")
"""Answers that mean something to every question; core.recipe lists them, too."""
LANGUAGE = f"by language: {', '.join(LANGUAGES)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What a person reads and sees, in one language."""

    text: str = setting("shown as it is")
    picture: str = setting(
        "file beside the recipe: PNG, JPEG or WebP; empty: none",
        pattern=r"([A-Za-z0-9][A-Za-z0-9_-]*\.(png|jpg|jpeg|webp))?", default="",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer that a person's step offers."""

    name: str = setting("name of the answer, unique in the step", pattern=NAME)
    to: str = setting(f"where it leads: {NAMED}; empty: as the step itself", default="")
    texts: dict[str, str] | None = setting(
        f"what the button says, {LANGUAGE}; none: its name", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must be so before a step begins: of a part sensor or of a named signal of the cell."""

    place: str = setting("of a part sensor: gripper, handover, tray_1 ...", default="")
    occupied: bool | None = setting("with place: whether a part must be sensed", default=None)
    signal: str = setting("of the cell (topic cell_signals)", default="")
    state: bool | None = setting("with signal: what it must say", default=None)
    age_max_s: float = setting(
        "a signal older than this is unknown, which fulfils nothing", unit="s",
        low=0.01, high=10.0, default=1.0,
    )  # fmt: skip

    def __post_init__(self) -> None:
        if bool(self.place) == bool(self.signal):
            raise Flaws([Flaw("", "needs either place and occupied, or signal and state")])
        given, other = ("occupied", "state") if self.place else ("state", "occupied")
        wrong = []
        if getattr(self, given) is None:
            wrong.append(Flaw(given, "is missing; write true or false"))
        if (value := getattr(self, other)) is not None:
            wrong.append(Flaw(other, f"goes with {given} of something else; remove it", value))
        if wrong:
            raise Flaws(wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step.

    Acts: `move` along poses; `pick` = open, move along poses, close, and a part must be held;
    `place` = move along poses, open; `handover` = move along poses, offer the part, wait for a
    person's confirmation, release, see it taken; `receive` = open, move along poses, ask a person
    to hold the part in, wait for the confirmation, close, see it sensed and the person gone;
    `work` = a person's work, done when confirmed; `wait` = for `time_s`.
    """

    id: str = setting("name of the step, unique in the recipe", pattern=NAME)
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

    sense_s: float = setting(
        "of a receive: the gripper's sensor must see the part so soon after it closed, else it is "
        "missing and a person decides", unit="s", low=0.1, high=60.0, default=SENSE_S,
    )  # fmt: skip
    release: str = setting(
        "of a handover: on_pull opens only once it is confirmed and the person pulls, as currents "
        "of motors tell", choices=("on_confirm", "on_pull"), default="on_confirm",
    )  # fmt: skip
    contact_region: str = setting(
        "part of the body that the arm may touch in this step, with the section contact of "
        f"cell.yaml: {', '.join(TOUCHABLE)}; empty: no contact", source=PFL, default="",
    )  # fmt: skip
    tool: str = setting("what the arm carries in this step; empty: nothing named", default="")
    next: str = setting(f"what comes after it: {NAMED}; empty: the next one", default="")
    answers: tuple[Choice, ...] = setting(
        "answers that a person's step offers instead of `done`", default=()
    )
    requires: tuple[Condition, ...] = setting(
        "what must be so before it begins; it waits for that, at most timeout_s", default=()
    )
    instructions: dict[str, Instruction] | None = setting(
        f"work instruction in its own words, {LANGUAGE}; none: text_key", default=None
    )

    def __post_init__(self) -> None:
        if wrong := [*self._flaws_of_act(), *self._flaws_of_texts()]:
            raise Flaws(wrong)

    @property
    def is_persons(self) -> bool:
        """Return whether a person does it and says when it is done."""
        return self.act == "work" or (self.actor == "person" and self.act != "wait")

    @property
    def hands(self) -> bool:
        """Return whether a part goes from the robot to a person or back."""
        return self.act in ("handover", "receive")

    @property
    def leaves_part(self) -> bool | None:
        """Return whether the gripper holds a part after it, None where it is as before."""
        moved = {"pick": True, "receive": True, "place": False, "handover": False}
        return None if self.is_persons else moved.get(self.act)

    @property
    def comes_empty(self) -> bool:
        """Return whether the gripper must be empty when a person is to give it a part."""
        return self.act == "receive"

    @property
    def needs_person(self) -> bool:
        """Return whether it cannot end without a person, whatever its level of automation."""
        return self.is_persons or self.hands

    def _flaws_of_act(self) -> list[Flaw]:
        wrong, region, here = [], self.contact_region, f"step {self.id!r}: "
        if self.id == END:
            wrong.append(Flaw("id", f"{END} means the end of the recipe; rename it", self.id))
        if region in HEAD:
            wrong.append(Flaw(
                "contact_region", f"{here}contact_region {region!r}: contact with skull, forehead "
                "or face is not permissible; plan the step so that it cannot happen", region,
            ))  # fmt: skip
        elif region and region not in TOUCHABLE:
            known = ", ".join(TOUCHABLE)
            said = f"{here}contact_region {region!r} is not one of {known}"
            wrong.append(Flaw("contact_region", said, region))
        if self.act not in ("work", "wait") and not self.poses:
            wrong.append(Flaw("poses", f"{here}{self.act} needs poses"))
        if self.act == "work" and self.actor == "robot":
            said = f"{here}work is a person's; actor must be person or both"
            wrong.append(Flaw("actor", said, self.actor))
        if self.hands and self.actor != "both":
            wrong.append(Flaw("actor", f"{here}a {self.act} needs actor: both", self.actor))
        if self.hands and self.automation == "auto":
            what = {"handover": "a part is released"}.get(self.act, "the gripper closes")
            wrong.append(Flaw(
                "automation", f"{here}a {self.act} needs automation: confirm or manual; "
                f"{what} only when a person says so", self.automation,
            ))  # fmt: skip
        if self.sense_s != SENSE_S and self.act != "receive":
            wrong.append(Flaw("sense_s", f"{here}goes with act: receive; remove it", self.sense_s))
        if self.release != "on_confirm" and self.act != "handover":
            wrong.append(Flaw("release", f"{here}goes with act: handover; remove it", self.release))
        return wrong

    def _flaws_of_texts(self) -> list[Flaw]:
        wrong, names = [], [choice.name for choice in self.answers]
        if names and not self.is_persons:
            wrong.append(Flaw("answers", "only a person's step offers answers; remove them, or "
                              "let a step of act: work come after this one"))  # fmt: skip
        for index, choice in enumerate(self.answers):
            where = f"answers[{index}]"
            if choice.name in RESERVED:
                wrong.append(
                    Flaw(f"{where}.name", "means something already; take another", choice.name)
                )
            if choice.name in names[:index]:
                wrong.append(Flaw(f"{where}.name", "stands twice; rename one", choice.name))
            wrong += _languages(f"{where}.texts", choice.texts)
        return wrong + _languages("instructions", self.instructions)


def _languages(where: str, texts: Mapping[str, object] | None) -> list[Flaw]:
    known = ", ".join(LANGUAGES)
    return [
        Flaw(f"{where}.{language}", f"is no language of the page; use {known}")
        for language in texts or {}
        if language not in LANGUAGES
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A group of steps that is gone through again, by count or until a person says so."""

    first: str = setting("id of its first step")
    last: str = setting("id of its last step")
    count: int | None = setting("how often in all", low=2, high=1000, default=None)
    until: str = setting(
        "answer of its last step, a person's, that ends it: any other that leads nowhere else "
        "begins it again", default="",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if (self.count is None) == (not self.until):
            raise Flaws([Flaw("", "needs either count or until")])


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFile:
    """recipes/<name>.yaml."""

    title_key: str = setting("title: a message id of the catalogues, or the text itself")
    steps: tuple[Step, ...] = setting("the steps in order")
    repeats: tuple[Repeat, ...] = setting("groups of steps that are repeated", default=())

    def __post_init__(self) -> None:
        if wrong := flaws_of_routes(self.steps, self.repeats):
            raise Flaws(wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A checked recipe."""

    name: str
    title_key: str
    steps: tuple[Step, ...]
    repeats: tuple[Repeat, ...] = field(default=())
