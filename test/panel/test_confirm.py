"""To confirm is deliberate: in a real browser, two acts at two places, and nothing by accident."""

import pytest

from panel.browser import ENGLISH, HOLD_MS
from panel.scripted import NO_QUESTION, QUESTION, SETTINGS, STATE


def answers(page):
    return [body["answer"] for kind, body in page.cell.acts if kind == "answer"]


@pytest.mark.req("S4")
def test_armed_and_held_a_confirmation_reaches_the_cell_once(page):
    page.press_at(*page.arm())
    page.told("answer.confirmed")
    page.page.mouse.up()
    assert answers(page) == ["confirm"]
    [(_, body)] = page.cell.acts
    assert (body["question_id"], body["state_version"]) == (QUESTION["id"], 7)
    assert body["operator"] == "training"
    assert body["device"].startswith("training-")
    assert body["idempotency_key"]
    assert page.mistakes == []


@pytest.mark.req("S4")
def test_without_arming_there_is_nothing_to_hold(page):
    page.wait(".act.arm:enabled")
    assert page.page.locator(".act.hold").is_disabled()


@pytest.mark.req("S4")
@pytest.mark.parametrize("how", ["lift", "slide", "second finger", "blur"])
def test_a_hold_that_is_broken_off_confirms_nothing(page, how):
    x, y = page.arm()
    page.press_at(x, y)
    page.page.wait_for_timeout(HOLD_MS / 3)
    if how == "lift":
        page.page.mouse.up()
    elif how == "slide":
        page.page.mouse.move(x, y + 100)
    elif how == "second finger":
        page.page.evaluate(
            "document.body.dispatchEvent(new PointerEvent('pointerdown',"
            " {pointerId: 77, bubbles: true, isPrimary: false}))"
        )
    else:
        page.page.evaluate("window.dispatchEvent(new Event('blur'))")
    page.told("answer.canceled")
    page.page.wait_for_timeout(HOLD_MS)
    assert answers(page) == []
    assert page.page.locator(".act.hold").is_disabled()
    page.page.mouse.up()


@pytest.mark.req("S4")
def test_a_question_that_changes_under_the_finger_is_not_confirmed(page):
    page.press_at(*page.arm())
    later = {**QUESTION, "id": "run.8", "state_version": 8}
    page.cell.state["task"] = {**STATE["task"], "question": later}
    page.wait(".act.hold:disabled")
    page.page.wait_for_timeout(HOLD_MS)
    page.page.mouse.up()
    assert answers(page) == []


@pytest.mark.req("S2")
def test_data_that_grow_stale_under_the_finger_end_the_hold(page):
    page.press_at(*page.arm())
    page.cell.state["ages"] = {**STATE["ages"], "permit_s": SETTINGS.stale_s + 0.1}
    page.wait(".hatch")
    page.wait(".act.hold:disabled")
    page.page.wait_for_timeout(HOLD_MS)
    page.page.mouse.up()
    assert answers(page) == []


def test_the_keyboard_confirms_too_with_two_controls_and_enter_alone_never(page):
    page.wait(".act.arm:enabled")
    assert page.page.evaluate("document.activeElement === document.body"), "nothing has the focus"
    page.page.locator(".act.arm").focus()
    page.page.keyboard.press("Enter")
    page.wait(".act.hold:enabled")
    page.page.keyboard.press("Tab")
    page.page.keyboard.down("Enter")
    page.page.wait_for_timeout(1.5 * HOLD_MS)
    page.page.keyboard.up("Enter")
    assert answers(page) == []
    page.page.keyboard.down(" ")
    page.told("answer.confirmed")
    page.page.keyboard.up(" ")
    assert answers(page) == ["confirm"]


def test_to_refuse_is_one_tap(page):
    page.wait(".act.other:enabled").click()
    page.told("answer.told")
    assert answers(page) == ["refuse"]


def test_a_refusal_of_the_cell_is_told_with_its_reason_and_the_question_stays(page):
    page.cell.reply = {"accepted": False, "reason": "already_answered"}
    page.press_at(*page.arm())
    page.told("answer.refused", reason=ENGLISH["refusal.already_answered"])
    page.page.mouse.up()
    assert page.page.locator(".question.asked").is_visible()


@pytest.mark.parametrize("between", [True, False])
def test_a_question_that_just_appeared_cannot_be_answered_at_once(page, between):
    """Neither after a while without one, nor in the place of another that could be answered."""
    page.wait(".act.arm:enabled")
    if between:
        page.cell.state["task"] = {**STATE["task"], "question": NO_QUESTION}
        page.wait(".question.asked", state="detached")
    page.page.evaluate(
        "new MutationObserver(() => { const one = document.querySelector('.act.other:last-child');"
        f" if (one && one.textContent === '{ENGLISH['option.retry']}' &&"
        " window.first === undefined) window.first = one.disabled; }).observe(document.body,"
        " {childList: true, subtree: true, characterData: true, attributes: true})"
    )
    later = {**QUESTION, "id": "run.9", "options": ["confirm", "retry"]}
    page.cell.state["task"] = {**STATE["task"], "question": later}
    page.wait(f'.act.other:enabled:has-text("{ENGLISH["option.retry"]}")')
    assert page.page.evaluate("window.first") is True


@pytest.mark.req("S4")
def test_in_a_stopped_cell_a_release_cannot_be_confirmed_and_the_page_says_why(page):
    page.wait(".act.arm:enabled")
    page.cell.state["permit"] = {**STATE["permit"], "state": "latched", "gripper": False}
    page.wait(".act.arm:disabled")
    page.told("answer.not_permitted")
    page.wait(".act.other:enabled").click()
    page.told("answer.told")
    assert answers(page) == ["refuse"]


@pytest.mark.req("S4")
@pytest.mark.parametrize("taken", [True, False])
def test_where_no_reply_came_the_outcome_is_told_as_unknown_until_the_task_says_it(page, taken):
    page.cell.silent = True
    page.press_at(*page.arm())
    page.told("answer.unknown")
    page.page.mouse.up()
    assert page.page.locator(".question.asked").is_visible()
    later = {**STATE["task"], "question": NO_QUESTION}
    page.cell.state["task"] = {**later, "handoff": "confirmed" if taken else "approaching"}
    if taken:
        page.told("answer.confirmed")
    else:
        page.wait(".question", state="detached")


@pytest.mark.req("S2")
@pytest.mark.parametrize("option", ["go", "done", "retry", "by_hand", "offer_again"])
def test_on_old_data_nothing_is_let_go_on(page, option):
    asked = {**QUESTION, "id": "run.9", "risk_class": 1, "options": [option, "abort"]}
    page.cell.state["task"] = {**STATE["task"], "question": asked}
    page.wait(f'.act.other:enabled:has-text("{ENGLISH[f"option.{option}"]}")')
    page.cell.state["ages"] = {**STATE["ages"], "permit_s": SETTINGS.stale_s + 0.1}
    page.wait(f'.act.other:disabled:has-text("{ENGLISH[f"option.{option}"]}")')
    page.wait(f'.act.other:enabled:has-text("{ENGLISH["option.abort"]}")').click()
    page.hold_there(".armed .hold")
    page.told("answer.told")
    page.page.mouse.up()
    assert answers(page) == ["abort"]


@pytest.mark.req("S4")
def test_an_arming_that_is_answered_after_the_question_changed_arms_nothing(page):
    page.wait(".act.arm:enabled")
    held = []
    page.page.route("**/api/arm", lambda route: held.append(route))
    with page.page.expect_request("**/api/arm"):
        page.page.locator(".act.arm").click()
    later = {**QUESTION, "id": "run.8", "state_version": 8, "text_key": "question.recover"}
    page.cell.state["task"] = {**STATE["task"], "question": later}
    page.wait(f'.question:has-text("{ENGLISH["question.recover"]}")')
    reply = {"challenge": "old", "hold_s": 0.1, "lifetime_s": 30.0}
    with page.page.expect_response("**/api/arm"):
        held[0].fulfill(json=reply)
    page.wait(".act.arm:enabled")
    assert page.page.get_attribute(".act.arm", "aria-pressed") == "false"
    assert page.page.locator(".act.hold").is_disabled()
