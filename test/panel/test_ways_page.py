"""To confirm without a finger that holds: keyboard, pedal, second control, in a real browser."""

from dataclasses import replace

import pytest

from hrc_cell.core.access import Role
from panel.browser import ENGLISH, HOLD_MS, LANDSCAPE, PHONE, PORTRAIT, Shown
from panel.scripted import NO_QUESTION, QUESTION, SETTINGS, STATE, ScriptedCell, opened
from panel.tablet import PIN
from panel.test_page import APART_PX, CONTROL_PX, SAFETY_PX, gap

WITH_PEDAL = replace(SETTINGS, pedal_key="F13")
F13 = {"code": "F13", "key": "F13", "windowsVirtualKeyCode": 124}
QUICK_MS = HOLD_MS / 4
RECOVER = {**QUESTION, "kind": "recover", "risk_class": 1, "text_key": "question.recover",
           "args": {"step": "step.hand"}, "options": ["retry", "skip", "abort"]}  # fmt: skip


class Hands(Shown):
    """A page with a keyboard and a pedal beside it."""

    def key(self, kind, **more):
        """Let the machine's keyboard say that a key went down or up."""
        self.keys.send("Input.dispatchKeyEvent", {"type": kind, **more})

    def pedal(self, held_ms):
        self.key("rawKeyDown", **F13)
        self.page.wait_for_timeout(held_ms)
        self.key("keyUp", **F13)

    def ask(self, question=QUESTION, **changes):
        """Ask anew; return once the page shows it."""
        self.asked += 1
        question = {**question, "id": f"run.{100 + self.asked}", **changes}
        self.cell.state["task"] = {**STATE["task"], "question": NO_QUESTION}
        self.wait(".question.asked", state="detached")
        self.cell.acts.clear()
        self.served.audited.clear()
        self.cell.state["task"] = {**STATE["task"], "question": question}
        self.wait(".question.asked .act:enabled")

    def answers(self):
        return [body["answer"] for kind, body in self.cell.acts if kind == "answer"]

    def ways(self, kind):
        return [told["way"] for one, told in self.served.audited if one == kind]


@pytest.fixture(scope="module")
def opened_once(browser):
    backend = ScriptedCell()
    with opened(backend, WITH_PEDAL, training=False) as cell:
        cell.access.people.add("an", Role.SUPERVISOR, "en", PIN)
        cell.access.people.add("bo", Role.OPERATOR, "en", PIN)
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), LANDSCAPE, strict=True)), has_touch=True
        )
        page = Hands(backend, cell.url, cell.end, context.new_page())
        page.served, page.asked, page.keys = cell, 0, context.new_cdp_session(page.page)
        page.page.goto(f"{cell.url}#pair={cell.access.devices.new_code('test')}")
        page.wait(f'.doors .told:has-text("{ENGLISH["access.paired"]}")')
        page.page.locator(".doors .close").click()
        yield page
        context.close()


@pytest.fixture
def page(opened_once):
    """A supervisor's page that asks something, set to holding."""
    page = opened_once
    page.page.evaluate("localStorage.removeItem('way')")
    sign_in(page, "an")
    page.page.reload()
    page.ask()
    yield page
    page.key("keyUp", **F13)
    assert page.mistakes == []


def sign_in(page, alias):
    if page.page.locator(f'.who:has-text("{alias}")').count():
        return
    page.page.locator(".who").click()
    page.wait(f'.people button:has-text("{alias}")').click()
    page.wait(".pad")
    page.page.keyboard.type(PIN)
    page.wait(f'.who:has-text("{alias}")')


def set_to_second(page):
    page.page.locator(".who").click()
    page.wait(f'.doors .ways button:has-text("{ENGLISH["way.second"]}")').click()
    page.page.locator(".doors .close").click()
    page.wait(".act.second")


# A pedal.


@pytest.mark.req("S4")
def test_pressed_once_and_then_held_a_pedal_confirms_without_a_hand(page):
    page.pedal(QUICK_MS)
    page.wait(".act.hold:enabled")
    assert page.answers() == []
    page.key("rawKeyDown", **F13)
    page.told("answer.confirmed")
    page.key("keyUp", **F13)
    assert (page.answers(), page.ways("armed"), page.ways("answer")) == (
        ["confirm"], ["pedal"], ["pedal"],
    )  # fmt: skip


@pytest.mark.req("S4")
def test_armed_by_a_finger_it_is_held_with_the_pedal(page):
    page.arm()
    page.key("rawKeyDown", **F13)
    page.told("answer.confirmed")
    page.key("keyUp", **F13)
    assert (page.ways("armed"), page.ways("answer")) == (["hold"], ["pedal"])


@pytest.mark.req("S4")
def test_a_pedal_under_a_fallen_box_confirms_nothing(page):
    """It is down all the time, and the keyboard repeats its key."""
    page.key("rawKeyDown", **F13)
    for _ in range(8):
        page.page.wait_for_timeout(QUICK_MS)
        page.key("rawKeyDown", **F13, autoRepeat=True)
    assert (page.answers(), page.ways("armed")) == ([], []), "nor is it armed"
    page.arm()
    for _ in range(8):
        page.page.wait_for_timeout(QUICK_MS)
        page.key("rawKeyDown", **F13, autoRepeat=True)
    assert page.answers() == []
    assert page.page.locator(".act.hold").is_enabled(), "armed, and still not held"
    page.key("keyUp", **F13)


@pytest.mark.req("S4")
@pytest.mark.parametrize("how", ["let go", "blur", "hidden", "stale", "another question"])
def test_a_pedal_that_is_broken_off_confirms_nothing(page, how):
    page.arm()
    page.key("rawKeyDown", **F13)
    page.page.wait_for_timeout(QUICK_MS)
    if how == "let go":
        page.key("keyUp", **F13)
    elif how == "blur":
        page.page.evaluate("window.dispatchEvent(new Event('blur'))")
    elif how == "hidden":
        page.page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange')); delete document.hidden"
        )
    elif how == "stale":
        page.cell.state["ages"] = {**STATE["ages"], "permit_s": SETTINGS.stale_s + 0.1}
        page.wait(".hatch")
    else:
        page.cell.state["task"] = {**STATE["task"], "question": {**QUESTION, "id": "run.x"}}
    page.wait(".act.hold:disabled")
    page.page.wait_for_timeout(HOLD_MS)
    page.key("keyUp", **F13)
    page.cell.state["ages"] = STATE["ages"]
    assert page.answers() == []


@pytest.mark.req("S4")
def test_other_keys_and_a_pedal_that_a_cell_has_not_do_nothing(page):
    for key in ("F14", "Enter", " ", "a"):
        page.key("rawKeyDown", code=key, key=key)
        page.page.wait_for_timeout(QUICK_MS)
        page.key("keyUp", code=key, key=key)
    assert page.ways("armed") == []
    page.ask(risk_class=3)
    page.pedal(QUICK_MS)
    assert (page.ways("armed"), page.page.locator(".doors").count()) == ([], 0), "a PIN needs hands"


# A second control.


@pytest.mark.req("S4")
def test_a_tablet_is_set_to_a_second_control_which_is_elsewhere_and_tapped(page):
    set_to_second(page)
    assert page.page.locator(".act.second").is_disabled(), "nothing without arming"
    for width, height in (PORTRAIT, PHONE, LANDSCAPE):
        page.page.set_viewport_size({"width": width, "height": height})
        boxes = page.box(".act.arm"), page.box(".act.second")
        assert gap(*boxes) >= 16
        assert all(min(one["width"], one["height"]) >= SAFETY_PX for one in boxes)
        assert all(one["x"] >= 0 and one["x"] + one["width"] <= width for one in boxes)
        assert gap(boxes[1], page.box(".act.other")) >= APART_PX
        for one in page.page.locator(".ways button").all():
            assert one.bounding_box()["height"] >= CONTROL_PX
    page.told("answer.arm_tap")
    page.wait(".act.arm:enabled").click()
    page.wait(".act.second:enabled").click()
    page.told("answer.confirmed")
    assert (page.answers(), page.ways("armed"), page.ways("answer")) == (
        ["confirm"], ["second"], ["second"],
    )  # fmt: skip
    page.page.reload()
    page.ask()
    page.wait(".act.second")
    page.wait(f'.question .ways button:has-text("{ENGLISH["way.hold"]}")').click()
    page.wait(".act.hold")


@pytest.mark.req("S4")
def test_two_taps_of_a_trembling_hand_confirm_nothing(page):
    set_to_second(page)
    page.wait(".act.arm:enabled")
    for _ in range(6):
        page.page.locator(".act.arm").click()
        page.page.wait_for_timeout(QUICK_MS / 2)
    page.wait(".act.second:enabled")
    assert (page.answers(), page.ways("armed")) == ([], ["second"])


@pytest.mark.req("S4")
def test_with_the_keyboard_enter_arms_and_the_space_bar_alone_taps_the_second(page):
    set_to_second(page)
    page.wait(".act.arm:enabled").focus()
    page.page.keyboard.press("Enter")
    page.wait(".act.second:enabled")
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("document.activeElement.matches('.act.second')")
    for _ in range(3):
        page.page.keyboard.press("Enter")
    page.page.wait_for_timeout(QUICK_MS)
    assert page.answers() == []
    page.page.keyboard.press(" ")
    page.told("answer.confirmed")


@pytest.mark.req("S4")
def test_nothing_affirmative_has_the_focus_by_itself(page):
    assert page.page.evaluate("document.activeElement === document.body")
    page.arm()
    assert not page.page.evaluate("document.activeElement.matches('.hold, .second')")


# To skip a step or give a run up is the same act at a question.


@pytest.mark.req("S4")
@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("option", ["skip", "abort"])
def test_to_skip_or_give_up_at_a_question_is_armed_first(page, option, second):
    if second:
        set_to_second(page)
    page.ask(RECOVER)
    words = f'.question .act.other:enabled:has-text("{ENGLISH[f"option.{option}"]}")'
    page.wait(words).click()
    page.wait(".question .armed")
    assert page.answers() == []
    page.page.locator(".question .leave").click()
    page.told("run.left")
    page.wait(words).click()
    if second:
        page.wait(".armed .second:enabled").click()
    else:
        page.hold_there(".armed .hold")
    page.told("answer.told")
    page.page.mouse.up()
    assert page.answers() == [option]


@pytest.mark.req("S4")
def test_an_operator_is_told_before_the_tap_that_a_skip_is_a_supervisors(page):
    sign_in(page, "bo")
    page.ask(RECOVER)
    skip = f'.question .act.other:has-text("{ENGLISH["option.skip"]}")'
    page.wait(f'.question .act.other:enabled:has-text("{ENGLISH["option.abort"]}")')
    assert page.page.locator(skip).is_disabled()
    says = page.page.inner_text(f'.question .needs:has-text("{ENGLISH["option.skip"]}")')
    assert ENGLISH["role.supervisor"] in says
