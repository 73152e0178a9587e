"""Every state of the page, to be looked at: by people as pictures, by tests as laws."""

import contextlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hrc_cell.core.access import Role
from hrc_cell.core.task import Control, Controlled, PartsChanged
from panel.browser import Shown
from panel.drawn import png
from panel.played import PlayedCell
from panel.scripted import NO_QUESTION, QUESTION, SETTINGS, STATE, opened
from panel.tablet import PIN

ROOM = {"circle": None, "box": None, "polygon": [], "ratio": 0.0, "limit": 0.0, "band": []}
ZONES = [
    {**ROOM, "name": "reach", "kind": "limit", "limit": 0.25, "circle": [1.3, -1.6, 0.6],
     "band": [0.7, 1.6]},
    {**ROOM, "name": "way", "kind": "approach", "box": [3.6, 1.4],
     "polygon": [[2.5, 0.9], [4.5, 1.3], [4.3, 2.1], [2.3, 1.7]]},
]  # fmt: skip
"""Those kinds that the default cell does not have."""
PEOPLE = [
    STATE["humans"][0],
    {"id": 2, "x": 3.0, "y": -1.5, "vx": -0.6, "vy": 0.2, "r": 0.35, "confirmed": False},
]
WRONG = ["bolts.yaml: steps[0].poses: 'up': no such pose under robot.poses of cell.yaml"]


def permit(state: str, cause: str = "", **more: Any) -> dict[str, Any]:
    """Return a permit."""
    return {**STATE["permit"], "state": state, "cause": cause, **more}


def task(**more: Any) -> dict[str, Any]:
    """Return a task that asks nothing."""
    return {**STATE["task"], "question": NO_QUESTION, "handoff": "none", **more}


def ages(**more: float) -> dict[str, float]:
    """Return ages of data."""
    return {**STATE["ages"], **more}


FREE = permit("free", distance=3.4, ratio=1.0)
FAR = [{**PEOPLE[0], "x": 3.9, "y": 0.8}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One state of the page. `shows`: what is seen then; `does`: what a person does before."""

    name: str
    shows: str
    state: Mapping[str, Any] = field(default_factory=dict)
    does: Callable[["Stage"], None] | None = None


class Stage(Shown):
    """A page on which scenes are shown, one after the other."""

    def show(self, scene: Scene) -> None:
        """Show a scene, on a page that was opened anew."""
        self.cell.state.update(deepcopy(STATE), humans=PEOPLE)
        self.cell.state.update(deepcopy(dict(scene.state)))
        self.page.goto(self.url)
        self.wait(".status")
        if scene.does:
            scene.does(self)
        self.wait(scene.shows, state="attached")

    def look(self, **more: Any) -> None:
        """Choose how the page looks: theme, glove."""
        self.page.evaluate(f"import('/static/look.js').then(one => one.keep({more!r}))".replace(
            "True", "true").replace("False", "false"))  # fmt: skip

    def speak(self, language: str) -> None:
        """Choose a language."""
        self.page.evaluate(f"import('/static/texts.js').then(one => one.load('{language}'))")
        self.wait(f"html[lang={language}]")

    def size(self, width: int, height: int) -> None:
        """Choose the size of the screen."""
        self.page.set_viewport_size({"width": width, "height": height})

    def ask(self, path: str, body: Mapping[str, Any]) -> None:
        """Ask the server as the page does."""
        said = self.page.evaluate(
            "([path, body]) => fetch(path, {method: 'POST', body: JSON.stringify(body),"
            " headers: {'Content-Type': 'application/json'}}).then(one => one.json())",
            [path, dict(body)],
        )
        assert said.get("accepted", True), said

    def tap(self, selector: str) -> None:
        """Tap the first of these that is in sight."""
        self.page.locator(f"{selector}:visible").first.click()


def tap(*selectors: str) -> Callable[[Stage], None]:
    """Return an act: to tap these, one after the other."""

    def does(stage: Stage) -> None:
        for selector in selectors:
            stage.tap(selector)

    return does


STATUS = [
    Scene(name="free", shows=".status.free", state={"permit": FREE, "humans": FAR, "task": task()}),
    Scene(name="reduced", shows=".zone.bound",
          state={"permit": permit("reduced", "zone", culprit="approach", zone="approach",
                                  distance=2.1, ratio=0.5), "task": task()}),
    Scene(name="standstill", shows=".separation.near", state={"task": task()}),
    Scene(name="ready", shows=".box-button.hint",
          state={"permit": permit("ready", "not_started"), "task": task()}),
    Scene(name="latched", shows=".status.latched",
          state={"permit": permit("latched", "scanner_silent", culprit="left"), "task": task()}),
    Scene(name="latched, reset possible", shows=".box-button.hint",
          state={"permit": permit("latched", "guards_open", reset_possible=True), "task": task()}),
    Scene(name="no permit yet", shows=".status.none", state={"permit": None, "task": None}),
    Scene(name="why", shows=".terms", state={"task": task()}, does=tap(".why-box .drawer")),
    Scene(name="old data", shows=".hatch", state={"ages": ages(permit_s=2.0)}),
    Scene(name="lost", shows=".lost", state={"ages": ages(permit_s=9.0)}),
    Scene(name="old positions", shows=".plan-card.old .stale-note",
          state={"ages": ages(humans_s=9.0, motors_s=9.0, task_s=9.0, inputs_s=9.0)}),
]  # fmt: skip
QUESTIONS = [
    Scene(name="offered", shows=".act.arm:enabled"),
    Scene(name="armed", shows=".act.hold:enabled", does=lambda stage: stage.arm() and None),
    Scene(name="gripper not permitted", shows=".act.arm:disabled",
          state={"permit": permit("latched", "scanner_silent", gripper=False)}),
    Scene(name="two people", shows=".act.arm",
          state={"task": {**STATE["task"], "question": {**QUESTION, "risk_class": 4}}}),
    Scene(name="display", shows=".display .glove", does=tap(".to-display")),
    Scene(name="display, measure", shows=".ruler", does=tap(".to-display", ".display .measure")),
]  # fmt: skip


def refused(stage: Stage) -> None:
    """Look at what is wrong with a recipe."""
    stage.wait(".problems").scroll_into_view_if_needed()


def called(*acts: tuple[str, int]) -> Callable[[Stage], None]:
    """Return an act: calls of a kind and an urgency."""

    def does(stage: Stage) -> None:
        for kind, urgency in acts:
            stage.ask("/api/andon/call", {"kind": kind, "urgency": urgency})
        stage.wait(".open-call.red").scroll_into_view_if_needed()

    return does


def handed(stage: Stage) -> None:
    """Write a handover."""
    stage.ask("/api/handover/write", {"text": "Box 3 is short.\nThe gripper squeaks."})
    stage.page.locator(".shift.waits").scroll_into_view_if_needed()


def noted(stage: Stage) -> None:
    """Write a note and open the drawer."""
    stage.ask("/api/kaizen/write", {"text": "Hang the box lower.", "place": "2.0,1.0", "photo": ""})
    stage.tap(".kaizen .drawer")
    stage.wait(".notes li").scroll_into_view_if_needed()


def counted(stage: Stage) -> None:
    """Open the drawer of the calls of the last days."""
    stage.tap(".days .drawer")
    stage.wait(".days table").scroll_into_view_if_needed()


TOLD = [
    Scene(name="notes", shows=".notes li", state={"task": task()}, does=noted),
    Scene(name="handover waits", shows=".shift.waits", state={"task": task()}, does=handed),
    Scene(name="calls", shows=".open-call.red",
          state={"permit": FREE, "humans": FAR, "task": task()},
          does=called(("material", 1), ("machine", 2))),
    Scene(name="calls, counted", shows=".days table", state={"task": task()},
          does=counted),
]  # fmt: skip


def played(*does: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """Return an act in the run that is under way."""

    def all_(stage: Stage) -> None:
        stage.cell.state.update(permit=FREE, humans=FAR)
        stage.cell.until("check")
        stage.cell.feed(PartsChanged())
        stage.wait(".instruction img")
        stage.until("document.querySelector('.instruction img').naturalWidth > 0")
        for one in does:
            one(stage)

    return all_


def paused(stage: Stage) -> None:
    """Pause the run."""
    stage.cell.feed(Controlled(control=Control.PAUSE, by="an", device="A"))


def locked(stage: Stage) -> None:
    """Leave the page alone for long."""
    stage.served.later_s += SETTINGS.idle_lock_s + 1.0
    stage.wait(".who.locked")


RUN = [
    Scene(name="figures", shows=".charts", does=tap(".of-work .drawer")),
    Scene(name="space", shows=".space", does=tap(".to-space .drawer")),
    Scene(name="instruction", shows=".taps .act.other:enabled", does=played()),
    Scene(name="large picture", shows=".large-picture", does=played(tap(".picture"))),
    Scene(name="level of a step", shows=".levels", does=played(tap(".plan-steps .to-level"))),
    Scene(name="giving up", shows=".armed .hold", does=played(tap(".cancel_run:enabled"))),
    Scene(name="paused", shows=".resume_run", does=played(paused)),
    Scene(name="recipe refused", shows=".problems",
          state={"recipes": {"refused": "bolts", "problems": WRONG}}, does=refused),
    Scene(name="people", shows=".people .out", does=tap(".who")),
    Scene(name="PIN", shows=".pad", does=tap(".who", '.people button:has-text("bo")')),
    Scene(name="tablets", shows=".doors .needs", does=tap(".who", ".to-tablets")),
    Scene(name="locked", shows=".who.locked", does=locked),
]  # fmt: skip
STRANGER = [
    Scene(name="a tablet not let in", shows=".code", does=tap(".who")),
    Scene(name="a real cell", shows=".status.free", state={"permit": FREE, "humans": FAR,
          "task": task(), "inputs": {**STATE["inputs"], "simulated": False}}),
]  # fmt: skip
ALL = {"training": [*STATUS, *QUESTIONS, *TOLD], "signed in": RUN, "nobody": STRANGER}
"""The scenes, by who stands before the page."""


@contextlib.contextmanager
def stage(browser: Any, who: str) -> Any:
    """Give a stage before which somebody stands: a key of `ALL`."""
    backend = PlayedCell()
    backend.facts["zones"] = [*ZONES, *backend.facts["zones"]]
    backend.facts["simulated"] = who != "nobody"
    with opened(backend, training=who == "training") as cell:
        (cell.recipes / "burr.png").write_bytes(png())
        cell.access.people.add("an", Role.SUPERVISOR, "en", PIN)
        cell.access.people.add("bo", Role.OPERATOR, "en", PIN)
        context = browser.new_context(has_touch=True)
        one = Stage(backend, cell.url, cell.end, context.new_page())
        one.served = cell
        one.page.goto(cell.url)
        one.wait(".status")
        if who == "signed in":
            one.ask("/api/pair", {"code": cell.access.devices.new_code("test")})
            one.ask("/api/sign_in", {"alias": "an", "pin": PIN})
        yield one
        context.close()
