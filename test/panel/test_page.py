"""The page in a real browser, against the real server and a cell that the test writes."""

import itertools
import threading
from copy import deepcopy

import pytest

from panel.browser import ENGLISH, LANDSCAPE, PHONE, PORTRAIT, VIETNAMESE
from panel.scripted import STATE, ScriptedCell, served

SAFETY_PX, CONTROL_PX, APART_PX, GAP_PX = 126, 94, 48, 16


# What is old or lost is shown so.


@pytest.mark.req("S2")
def test_old_data_are_hatched_and_nothing_can_be_confirmed(page):
    page.cell.state["ages"] = {**STATE["ages"], "permit_s": 2.0}
    page.wait(f'.hatch:has-text("{ENGLISH["data.old"].format(seconds=2)}")')
    assert page.page.locator(".act.arm").is_disabled()
    assert page.page.locator(".stop-request").first.is_enabled()
    page.cell.state["ages"] = STATE["ages"]
    page.wait(".hatch", state="detached")
    page.wait(".act.arm:enabled")


def test_to_refuse_old_data_will_do(page):
    page.cell.state["ages"] = {**STATE["ages"], "permit_s": 2.0}
    page.wait(".hatch")
    page.wait(".act.other:enabled").click()
    page.told("answer.told")
    assert [(kind, body["answer"]) for kind, body in page.cell.acts] == [("answer", "refuse")]


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("whose", "selector"),
    [("humans_s", ".plan-card.old"), ("motors_s", ".plan-card.old"), ("task_s", ".task.old")],
)
def test_what_is_old_alone_is_marked_where_it_stands(page, whose, selector):
    page.cell.state["ages"] = {**STATE["ages"], whose: 9.0}
    page.wait(f"{selector} .stale-note")
    assert page.page.locator(".lost").count() == 0
    if whose == "task_s":
        assert page.page.locator(".act.arm").is_disabled()


@pytest.mark.req("S2")
def test_a_lost_server_covers_the_screen_and_a_stop_request_is_told_as_not_received(page):
    page.end_server()
    page.wait(".lost")
    assert ENGLISH["lost.text"] in page.page.inner_text(".lost")
    page.page.locator(".lost .stop-request").click()
    page.wait(f'.lost .told:has-text("{ENGLISH["stop.not_received"]}")')
    assert page.page.locator(".act.arm").count() == 0 or page.page.evaluate(
        "document.querySelector('.act.arm').closest('[inert]') !== null"
    )


def test_a_page_finds_back_to_a_server_that_was_started_again(page):
    port = int(page.url.rstrip("/").rpartition(":")[2])
    page.end_server()
    page.wait(".lost")
    again = ScriptedCell()
    again.state["permit"] = {**STATE["permit"], "state": "free", "cause": ""}
    again.state["task"] = None
    again.state["inputs"] = {**STATE["inputs"], "simulated": False}
    again.facts.update(name="another cell", simulated=False, zones=[])
    with served(again, port=port):
        page.wait(".lost", state="detached")
        page.wait(".status.free")
        page.wait('h1:has-text("another cell")')
        assert page.page.locator(".mark, .zone").count() == 0, "what the new server says counts"
        page.wait(".question.asked", state="detached")
        assert (again.acts, page.cell.acts) == ([], []), "nothing is sent again by itself"


def test_a_socket_that_stays_open_and_falls_silent_is_opened_again(shown):
    sockets, muted = [], threading.Event()

    def between(one):
        server, first = one.connect_to_server(), not sockets
        sockets.append(one)
        server.on_message(lambda text: None if first and muted.is_set() else one.send(text))

    shown.page.route_web_socket("**/ws", between)
    page = shown.open()
    page.wait(".status.standstill")
    muted.set()
    page.cell.state["permit"] = {**STATE["permit"], "state": "free", "cause": ""}
    page.wait(".status.free")
    assert len(sockets) >= 2, "a busy machine may need more than one try"


# What is always there.


def test_the_page_says_state_reason_mode_and_that_it_is_a_simulation(page):
    page.wait(f'.status h2:has-text("{ENGLISH["state.standstill"]}")')
    page.wait(".why:has-text('1.42 m from link_4; 1.56 m are needed')")
    assert ENGLISH["mode.collaborative"] in page.page.inner_text("header")
    assert ENGLISH["sim.mark"] in page.page.inner_text("header")
    assert ENGLISH["data.live"] in page.page.inner_text("header")


@pytest.mark.parametrize(
    ("simulated", "state", "key"),
    [
        (True, "unsigned", "unsigned_simulated"),
        (True, "changed", "changed_simulated"),
        (True, "signed", "signed"),
        (False, "signed", "signed"),
        (False, "broken", "broken"),
    ],
)
def test_the_page_says_which_safety_settings_it_runs_with_and_who_signed_them(
    shown, simulated, state, key
):
    when = "" if state in ("unsigned", "broken") else "2026-03-02T09:30:00+00:00"
    signature = {"state": state, "by": "A. Person", "when": when}
    shown.cell.facts.update(simulated=simulated, signature=signature)
    page = shown.open()
    hash_, day = shown.cell.facts["sha256"][:12], "Mar 2, 2026"
    said = ENGLISH[f"signature.{key}"].format(hash=hash_, by="A. Person", when=day)
    page.wait(f'.signature:has-text("{said}")')
    assert page.page.inner_text(".signature") == said
    assert page.page.get_attribute(".signature", "title") == shown.cell.facts["sha256"]


def test_every_state_has_a_word_and_a_shape_besides_its_colour(page):
    for state in ("latched", "ready", "standstill", "reduced", "free"):
        page.cell.state["permit"] = {**STATE["permit"], "state": state}
        page.wait(f".status.{state} .icon-{state}")
        assert ENGLISH[f"state.{state}"] in page.page.inner_text(".status")


def test_a_person_at_the_arm_with_nothing_required_is_drawn_as_no_distance(page):
    page.cell.state["permit"] = {**STATE["permit"], "distance": 0.0, "required": 0.0}
    page.wait('.gauge.alarm .value:has-text("0.00 m")')
    assert page.page.locator(".gauge.alarm .fill").get_attribute("width") == "0"


def test_the_plan_shows_zones_people_and_the_distance(page):
    page.cell.state["humans"] = [
        STATE["humans"][0], {**STATE["humans"][0], "id": 4, "x": 4.0, "confirmed": False},
    ]  # fmt: skip
    page.wait(".person.unsure")
    assert page.page.locator(".person").count() == 2
    assert page.page.locator(".person.binding").count() == 1
    assert page.page.locator(".zone.stop, .zone.slow").count() == 2
    assert page.page.locator(".separation.near text").text_content().strip() == "1.42 m"


def test_the_plan_draws_zones_of_every_shape_and_says_which_is_muted(shown):
    plain = {"circle": None, "box": None, "polygon": [], "ratio": 0.0, "limit": 0.0, "band": []}
    shown.cell.facts["zones"] = [
        {**plain, "name": "reach", "kind": "limit", "limit": 0.25, "circle": [1.3, 0.0, 0.6],
         "band": [0.7, 1.6]},
        {**plain, "name": "way", "kind": "approach", "box": [3.6, 1.4],
         "polygon": [[2.5, 0.9], [4.5, 1.3], [4.3, 2.1], [2.3, 1.7]]},
        *shown.cell.facts["zones"],
    ]  # fmt: skip
    zone = {"state": "reduced", "cause": "zone", "culprit": "reach", "zone": "reach"}
    shown.cell.state["permit"] = {**STATE["permit"], **zone, "muted": ["way"]}
    page = shown.open()
    page.wait(".zone.limit.bound circle[r='0.6']", state="attached")
    words = page.page.locator(".zone.limit text").text_content()
    assert words == f"{ENGLISH['zone.limit']} 0.25 m/s at 0.7–1.6 m"
    muted = page.page.locator(".zone.approach.muted")
    assert muted.locator("polygon").count() == 1
    assert ENGLISH["plan.muted"] in muted.text_content()
    assert page.page.locator(".zone.stop polygon, .zone.slow polygon").count() == 2
    assert page.mistakes == []


def test_colour_marks_only_what_is_behind_the_reason(page):
    page.wait(".person.binding", state="attached")
    silent = {"state": "latched", "cause": "scanner_silent", "culprit": "left"}
    page.cell.state["permit"] = {**STATE["permit"], **silent}
    page.wait(".status.latched")
    assert page.page.locator(".person.binding, .zone.bound").count() == 0
    zone = {"state": "reduced", "cause": "zone", "culprit": "approach", "zone": "approach"}
    page.cell.state["permit"] = {**STATE["permit"], **zone}
    page.wait(".zone.slow.bound", state="attached")
    assert page.page.locator(".person.binding, .zone.bound").count() == 1


def test_a_stop_request_is_one_tap_and_says_what_came_of_it(page):
    page.page.locator(".stop-request").click()
    page.wait(f'.stop-row .told:has-text("{ENGLISH["stop.received"]}")')
    assert [kind for kind, _ in page.cell.acts] == ["stop"]
    page.cell.silent = True
    page.page.locator(".stop-request").click()
    page.wait(f'.stop-row .told:has-text("{ENGLISH["stop.not_received"]}")')
    assert ENGLISH["stop.caption"] in page.page.inner_text(".stop-row")


def test_a_stop_request_does_not_look_like_an_emergency_stop(page):
    red, green, blue = page.page.evaluate(
        "getComputedStyle(document.querySelector('.stop-request')).backgroundColor"
        ".match(/\\d+/g).map(Number)"
    )
    assert max(red, green, blue) < 80, "dark"
    assert max(red, green, blue) - min(red, green, blue) < 20, "grey"


def test_the_box_is_marked_as_simulated_and_is_not_there_in_a_real_cell(page):
    page.cell.state["permit"] = {**STATE["permit"], "state": "ready", "cause": "not_started"}
    with page.page.expect_response("**/api/press"):
        page.wait(".box-button.hint").click()
    assert "SIMULATED" in page.page.inner_text(".simbox")
    assert ("press", {"control": "start", "value": "press"}) in page.cell.acts
    page.cell.state["ages"] = {**STATE["ages"], "inputs_s": 9.0}
    page.wait(".simbox.old .stale-note")
    page.cell.state["inputs"] = {**STATE["inputs"], "simulated": False}
    page.wait(".simbox", state="detached")


def test_the_enabling_switch_and_the_guards_of_the_simulated_box_are_worked(page):
    page.cell.state["permit"] = {**STATE["permit"], "state": "ready", "cause": "enabling_switch"}
    page.cell.state["inputs"] = {**STATE["inputs"], "mode": "manual"}
    for value, position in (("hold", "middle"), ("through", "pressed"), ("release", "released")):
        hint = ".hint" if value == "hold" else ""
        words = ENGLISH[f"switch.{position}"]
        with page.page.expect_response("**/api/press"):
            page.wait(f'[role="group"] .box-button{hint}:has-text("{words}")').click()
        assert page.cell.acts[-1] == ("press", {"control": "enabling_switch", "value": value})
        page.cell.state["inputs"] = {**page.cell.state["inputs"], "enabling_switch": position}
        page.wait(f'.box-label b:has-text("{words}")')
        page.wait(f'[aria-pressed="true"]:has-text("{words}")')
    for value, guards in (("close", "closed"), ("open", "open")):
        with page.page.expect_response("**/api/press"):
            page.wait(f'.box-button:has-text("{ENGLISH["box.guards"]}")').click()
        assert page.cell.acts[-1] == ("press", {"control": "guards", "value": value})
        page.cell.state["inputs"] = {**page.cell.state["inputs"], "guards": guards}
        page.wait(f'.box-button b:has-text("{ENGLISH[f"guard.{guards}"]}")')
    page.cell.state["inputs"] = {**page.cell.state["inputs"], "enabling_switch": "differing"}
    page.wait(f'.box-label b:has-text("{ENGLISH["switch.differing"]}")')


def test_a_real_cell_offers_no_simulated_box_even_if_one_speaks(shown):
    shown.cell.facts["simulated"] = False
    page = shown.open()
    page.wait(".act.arm:enabled")
    assert page.page.locator(".simbox").count() == 0


def test_the_headline_says_what_the_robot_may_do_not_that_it_does(page):
    """A permit lets the arm move; whether it does depends on the task."""
    for state, words in (("free", "may move"), ("reduced", "may move slowly")):
        page.cell.state["permit"] = {**STATE["permit"], "state": state}
        page.wait(f'.status.{state} h2:has-text("{words}")')
    page.cell.state["permit"] = {**STATE["permit"], "state": "standstill"}
    page.wait('.status.standstill h2:has-text("must stand still")')


def test_the_texts_of_a_cells_own_recipes_are_shown_readably(page):
    shown = {"title_key": "Bolts for housing 7", "text_key": "step.turn_it_over"}
    page.cell.state["task"] = {**STATE["task"], "recipe": "bolts", **shown}
    page.wait('.task h3:has-text("Bolts for housing 7")')
    assert page.page.inner_text(".task .step") == "turn it over"


def test_texts_that_could_not_be_loaded_are_loaded_later(shown):
    failed = []

    def fail_first(route):
        failed.append(route)
        route.abort() if len(failed) <= 2 else route.continue_()

    shown.page.route("**/catalog/*.json", fail_first)
    page = shown.open()
    page.wait(f'.status h2:has-text("{ENGLISH["state.standstill"]}")')
    assert len(failed) >= 3


def test_another_language_is_one_tap_and_what_nobody_checked_is_marked(page):
    page.page.locator('nav button[lang="vi"]').click()
    page.wait(f'.status h2:has-text("{VIETNAMESE["state.standstill"]}")')
    assert "1,42 m" in page.page.inner_text(".why")
    assert page.page.get_attribute("html", "lang") == "vi"
    assert VIETNAMESE["language.unreviewed"] in page.page.inner_text("header")
    page.page.reload()
    page.wait(f'.status h2:has-text("{VIETNAMESE["state.standstill"]}")')


@pytest.mark.parametrize("language", ["en", "vi", "my"])
def test_targets_are_large_apart_and_inside_the_screen(shown, language):
    shown.page.add_init_script(f"localStorage.setItem('language', '{language}')")
    page = shown.open()
    for width, height in (LANDSCAPE, PORTRAIT, (768, 1024), PHONE):
        page.page.set_viewport_size({"width": width, "height": height})
        page.wait(".act.arm:enabled")
        for selector in (".stop-request", ".act.arm", ".act.hold", ".act.other"):
            box = page.box(selector)
            assert min(box["width"], box["height"]) >= SAFETY_PX, selector
            assert box["x"] >= 0, selector
            assert box["x"] + box["width"] <= width, selector
        for one in page.page.locator("nav button, .box-button").all():
            box = one.bounding_box()
            assert min(box["width"], box["height"]) >= CONTROL_PX
        for selector in (".act.arm", ".act.hold"):
            assert gap(page.box(selector), page.box(".act.other")) >= APART_PX, selector
        inside = [one.bounding_box() for one in page.page.locator(".question button").all()]
        assert all(gap(a, b) >= GAP_PX for a, b in itertools.combinations(inside, 2))
        stop = page.box(".stop-request")
        assert stop["y"] + stop["height"] <= height, "the stop request is in sight"
        needed_px = page.page.evaluate("document.documentElement.scrollWidth")
        assert needed_px <= width, "nothing has to be shifted sideways"


def gap(a, b):
    """Return how far apart two boxes are, along the axis on which they are farther apart."""
    across = max(b["x"] - a["x"] - a["width"], a["x"] - b["x"] - b["width"])
    down = max(b["y"] - a["y"] - a["height"], a["y"] - b["y"] - b["height"])
    return max(across, down)


def test_nothing_is_loaded_from_elsewhere_and_little_from_here(page):
    page.wait(".act.arm:enabled")
    home = page.url.rstrip("/")
    outside = [url for url in page.requests if not url.startswith((home, "data:"))]
    assert outside == []
    assert len(page.requests) <= 30
    assert page.mistakes == []


def test_what_does_not_change_is_not_drawn_again(page):
    page.wait(".separation text", state="attached")
    page.page.evaluate(
        "(() => { window.made = 0; new MutationObserver((list) => {"
        " for (const one of list) window.made += one.addedNodes.length; })"
        ".observe(document.querySelector('.plan'), {subtree: true, childList: true}); })()"
    )
    moved = deepcopy(STATE["humans"])
    moved[0]["x"] = 2.1
    page.cell.state["humans"] = moved
    page.wait(".person[transform*='2.1']", state="attached")
    assert page.page.evaluate("window.made") == 0
