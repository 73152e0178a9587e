"""Starting a run on the page: what there is to start, who may, and what it is refused for."""

import shutil
from dataclasses import replace

import pytest

from hrc_cell.core.access import ACTS, Act, Risk, Role
from hrc_cell.nodes.panel_recipes import PanelRecipes
from panel.browser import ENGLISH, LANDSCAPE, PHONE, PORTRAIT
from panel.scripted import CELL, NO_QUESTION, SETTINGS, STATE
from panel.test_figures import broken, work
from panel.test_page import CONTROL_PX, SAFETY_PX
from panel.test_run_page import Run

IDLE = {**STATE["task"], "phase": "done", "question": NO_QUESTION}


@pytest.fixture(autouse=True)
def _at_rest(backend):
    backend.state["task"] = IDLE


def listed(tablet):
    return {one["name"]: one for one in tablet.ask("GET", "/api/recipes")[1]["recipes"]}


def start(tablet, cell, name="inspect", how="once", digest=None, hold_s=SETTINGS.hold_s, **more):
    rows = listed(tablet)
    about = f"{name} {digest or rows.get(name, rows['inspect'])['digest']} {how}"
    status, armed = tablet.post("/api/arm_act", {"act": "start_run", "about": about})
    if status != 200:
        return status, armed["reason"]
    cell.later_s += hold_s
    body = {"act": "start_run", "about": about, "challenge": armed["challenge"], "pin": "", **more}
    status, reply = tablet.post("/api/act", body)
    return status, reply["reason"]


def test_listed_is_what_has_no_fault_with_its_steps_and_a_drawing(tablet):
    rows = listed(tablet)
    assert rows.keys() == CELL.recipes.keys()
    inspect = CELL.recipes["inspect"]
    assert [one["id"] for one in rows["inspect"]["steps"]] == [one.id for one in inspect.steps]
    assert tablet.ask("GET", "/recipe/inspect.svg?language=vi")[0] == 200
    for wrong in ("/recipe/fly.svg", "/recipe/inspect.svg?language=xx", "/recipe/..%2Fcell.svg"):
        assert tablet.ask("GET", wrong)[0] == 404


def test_a_recipe_that_is_wrong_now_is_not_listed_and_one_that_was_added_is(tmp_path):
    shutil.copytree(CELL.folder / "recipes", tmp_path / "recipes")
    shelf = PanelRecipes(replace(CELL, folder=tmp_path))
    added = (tmp_path / "recipes" / "inspect.yaml").read_text()
    (tmp_path / "recipes" / "added.yaml").write_text(added)
    wrong = tmp_path / "recipes" / "hand_over.yaml"
    wrong.write_text(wrong.read_text().replace("actor: robot", "actor: nobody"))
    names = {row["name"] for row in shelf.rows()}
    assert names == {*CELL.recipes, "added"} - {"hand_over"}
    assert shelf.drawn("hand_over", "en") is None
    assert "<svg" in shelf.drawn("added", "vi")


@pytest.mark.req("S3")
def test_to_start_is_held_by_an_operator_and_asks_the_task_manager_for_nothing_else(
    cell, tablet, backend
):
    assert ACTS[Act.START_RUN] == (Risk.C2, Role.OPERATOR)
    assert start(tablet, cell) == (409, "not_signed_in")
    tablet.sign_in("bo")
    assert start(tablet, cell, hold_s=0.1) == (409, "held_too_short")
    assert start(tablet, cell, challenge="guessed") == (409, "unknown_challenge")
    assert backend.acts == []
    assert start(tablet, cell, how="repeat") == (200, "")
    assert backend.acts == [("start", {"recipe": "inspect", "repeat": True})]
    cell.end()
    kinds = [kind for kind, told in cell.audited if told.get("act") == "start_run"]
    assert kinds[-3:] == ["armed", "start_run", "outcome"]


def test_a_locked_page_and_a_full_disk_start_nothing(cell, tablet, backend):
    tablet.sign_in("bo")
    cell.disk_full = True
    assert start(tablet, cell) == (409, "no_audit")
    cell.disk_full = False
    cell.later_s += SETTINGS.idle_lock_s + 1.0
    assert start(tablet, cell) == (409, "session_locked")
    assert backend.acts == []


@pytest.mark.parametrize("phase", ["running", "waiting", "held", "paused"])
def test_while_a_run_is_under_way_another_is_refused(cell, tablet, backend, phase):
    tablet.sign_in("bo")
    backend.state["task"] = {**IDLE, "phase": phase}
    assert start(tablet, cell) == (409, "busy")


@pytest.mark.req("S2")
@pytest.mark.parametrize("whose", ["task_s", "permit_s"])
def test_on_old_data_nothing_is_started(cell, tablet, backend, whose):
    tablet.sign_in("bo")
    backend.state["ages"] = {**STATE["ages"], whose: SETTINGS.stale_s + 0.6}
    assert start(tablet, cell) == (409, "stale_data")
    assert backend.acts == []


def test_one_that_is_unknown_or_was_changed_since_it_was_seen_is_refused(cell, tablet, backend):
    tablet.sign_in("bo")
    assert start(tablet, cell, name="fly") == (409, "unknown_recipe")
    assert start(tablet, cell, digest="0" * 16) == (409, "recipe_changed")
    assert start(tablet, cell, how="sometimes")[0] == 400
    assert backend.acts == []


@pytest.mark.parametrize(
    ("said", "told"), [("busy", "busy"), ("bad_recipe: x: y", "bad_recipe"), ("journal", "journal")]
)
def test_what_the_task_manager_says_is_told(cell, tablet, backend, said, told):
    tablet.sign_in("bo")
    backend.reply = {"accepted": False, "reason": said}
    assert start(tablet, cell) == (409, told)
    backend.silent = True
    assert start(tablet, cell)[0] == 504


def test_how_long_a_cycle_takes_is_what_the_record_says(cell, tablet):
    assert listed(tablet)["inspect"]["cycle_s"] is None, "nothing was recorded yet"
    work(cell.records, recipe="inspect")
    rows = listed(tablet)
    assert rows["inspect"]["cycle_s"] == pytest.approx(6.0), "of the last five, three had a stop"
    assert rows["hand_over"]["cycle_s"] is None


def test_a_record_that_cannot_be_read_keeps_nobody_from_starting(cell, tablet, backend):
    broken(cell.records)
    tablet.sign_in("bo")
    assert listed(tablet)["inspect"]["cycle_s"] is None
    assert start(tablet, cell) == (200, "")
    assert backend.acts


# The page.


def test_on_the_page_a_recipe_is_chosen_seen_started_and_refused_with_the_reason(
    browser, backend, cell
):
    context = browser.new_context(
        viewport=dict(zip(("width", "height"), LANDSCAPE, strict=True)), has_touch=True
    )
    page = Run(backend, cell.url, cell.end, context.new_page())
    page.served = cell
    page.open()
    page.wait(".task")
    assert page.page.locator(".start").count() == 0, "not for somebody who is not signed in"
    page.sign_in("an")
    page.wait(".start .drawer").click()
    page.wait(".recipes button >> nth=1")
    assert page.page.locator(".recipes button").count() == len(CELL.recipes)
    for one in page.page.locator(".recipes button").all():
        assert one.bounding_box()["height"] >= CONTROL_PX
    title = ENGLISH[CELL.recipes["inspect"].title_key]
    page.page.locator(f'.recipes button:has-text("{title}")').click()
    page.wait(f'.recipe h3:has-text("{title}")')
    page.until("document.querySelector('.drawing').naturalWidth > 100")
    assert ENGLISH["step.check"] in page.page.inner_text(".recipe ol")
    assert ENGLISH["start.moves"] in page.page.inner_text(".recipe")
    for width, height in (PHONE, PORTRAIT, LANDSCAPE):
        page.page.set_viewport_size({"width": width, "height": height})
        box = page.box(".recipe .arm")
        assert min(box["width"], box["height"]) >= SAFETY_PX
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    backend.state["permit"] = {**STATE["permit"], "state": "latched", "gripper": False}
    page.wait(f'.recipe:has-text("{ENGLISH["start.not_started"]}")')
    page.page.locator(".recipe .arm").click()
    page.hold_there(".recipe .hold")
    page.wait(f'.recipe .told:has-text("{ENGLISH["start.begun"]}")')
    page.page.mouse.up()
    assert backend.acts == [("start", {"recipe": "inspect", "repeat": False})]
    page.wait(".run-act.pause_run")
    assert page.mistakes == []
    page.page.locator(".recipe .arm").click()
    busy = ENGLISH["run.refused"].format(reason=ENGLISH["refusal.busy"])
    page.wait(f'.recipe .told:has-text("{busy}")')
    assert len(backend.acts) == 1
    context.close()
