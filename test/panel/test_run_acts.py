"""Steering a run over real HTTP: by role, about what a person saw, in the audit trail first."""

import pytest

from hrc_cell.core.access import ACTS, Act
from hrc_cell.core.levels import ORDER
from panel.scripted import PLAN, SETTINGS, STATE
from panel.tablet import OTHER, PIN, Tablet

RUN = {"recipe": "hand_over", "run_id": "run", "cycle": 1, "step": "hand", "automation": ""}
LEVEL = {**RUN, "act": "set_automation", "step": "show", "automation": "confirm"}
TAPPED, HELD = ("pause_run", "resume_run", "repeat_step"), ("skip_step", "cancel_run")


def tap(tablet, act, key="k", **more):
    status, reply = tablet.post(
        "/api/run/act", {**RUN, "act": act, "idempotency_key": key, **more}
    )  # fmt: skip
    return status, reply["reason"]


def hold(tablet, cell, wish, key="k", hold_s=SETTINGS.hold_s, **more):
    status, armed = tablet.post("/api/run/arm", wish)
    if status != 200:
        return status, armed["reason"]
    cell.later_s += hold_s
    body = {**wish, "challenge": armed["challenge"], "idempotency_key": key, **more}
    status, reply = tablet.post("/api/run/act", body)
    return status, reply["reason"]


def done(backend):
    return [(kind, body.get("act") or body["automation"]) for kind, body in backend.acts]


# By role.


@pytest.mark.parametrize("act", TAPPED)
def test_an_operator_pauses_resumes_and_repeats_by_a_tap(tablet, backend, act):
    assert tap(tablet, act) == (409, "not_signed_in")
    tablet.sign_in("bo")
    assert tap(tablet, act, "2") == (200, "")
    device = tablet.session()["device"]
    assert backend.acts == [("control", {"act": act, "operator": "bo", "device": device})]


@pytest.mark.parametrize("act", HELD)
def test_what_must_be_held_is_not_tapped_and_a_skip_is_a_supervisors(cell, tablet, backend, act):
    tablet.sign_in("bo")
    wish = {**RUN, "act": act}
    assert tap(tablet, act) == (409, "needs_holding")
    assert tap(tablet, act, "2", challenge="guessed") in (
        (409, "unknown_challenge"), (409, "role_too_low"),
    )  # fmt: skip
    assert hold(tablet, cell, wish, "3", hold_s=0.1)[1] in ("held_too_short", "role_too_low")
    assert backend.acts == []
    said = hold(tablet, cell, wish, "4")
    assert said == ((200, "") if act == "cancel_run" else (409, "role_too_low"))
    tablet.sign_in("an")
    assert hold(tablet, cell, wish, "5") == (200, "")
    assert done(backend)[-1] == ("control", act)


@pytest.mark.parametrize("act", [*TAPPED, "fly", "confirm", "level_up"])
def test_what_is_not_held_is_not_armed(tablet, act):
    tablet.sign_in("an")
    assert tablet.post("/api/run/arm", {**RUN, "act": act})[0] == 400


def test_a_locked_page_still_pauses_and_gives_nothing_up(cell, tablet, backend):
    tablet.sign_in("bo")
    cell.later_s += SETTINGS.idle_lock_s + 1.0
    assert hold(tablet, cell, {**RUN, "act": "cancel_run"}) == (409, "session_locked")
    assert tap(tablet, "pause_run", "2") == (200, "")


# How far the robot acts by itself.


def test_a_supervisor_turns_a_level_down_by_a_hold_and_up_with_the_pin(cell, tablet, backend):
    tablet.sign_in("bo")
    assert hold(tablet, cell, LEVEL) == (409, "role_too_low")
    tablet.sign_in("an")
    assert tap(tablet, **{**LEVEL, "key": "2"}) == (409, "needs_holding")
    assert hold(tablet, cell, LEVEL, "3") == (200, "")
    assert backend.acts == [
        ("level", {"recipe": "hand_over", "step": "show", "automation": "confirm",
                   "operator": "an", "device": tablet.session()["device"]}),
    ]  # fmt: skip
    up = {**LEVEL, "step": "back", "automation": "auto"}
    assert hold(tablet, cell, up, "4") == (409, "needs_pin")
    assert hold(tablet, cell, up, "5", pin=OTHER) == (409, "wrong_pin")
    assert len(backend.acts) == 1
    assert hold(tablet, cell, up, "6", pin=PIN) == (200, "")
    assert hold(tablet, cell, {**LEVEL, "step": "all", "automation": "auto"}, "7") == (
        409, "needs_pin",
    ), "one step would rise"  # fmt: skip
    assert hold(tablet, cell, {**LEVEL, "step": "all", "automation": "manual"}, "8") == (200, "")
    cell.end()
    told = [(d["act"], d["risk_class"], d["step"]) for k, d in cell.audited if k == "run_act"]
    assert told == [
        ("level_down", 2, "show"), ("level_up", 3, "back"), ("level_down", 2, "all"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"step": "fly"}, "unknown_step"), ({"automation": "by_magic"}, "unknown_level"),
     ({"recipe": "inspect"}, "stale_version")],
)  # fmt: skip
def test_a_level_that_there_is_not_is_refused(tablet, backend, changes, reason):
    tablet.sign_in("an")
    status, reply = tablet.post("/api/run/arm", {**LEVEL, **changes})
    assert (status, reply["reason"]) == (409, reason)


@pytest.mark.parametrize("level", ORDER)
@pytest.mark.parametrize("step", ["all", *(one["id"] for one in PLAN)])
def test_a_level_is_up_as_soon_as_one_step_rises(cell, tablet, backend, level, step):
    tablet.sign_in("an")
    rises = any(
        min(level, one["limit"], key=ORDER.index) != min(level, one["level"], key=ORDER.index)
        for one in PLAN if step in ("all", one["id"])
    )  # fmt: skip
    said = hold(tablet, cell, {**LEVEL, "step": step, "automation": level})
    assert said == ((409, "needs_pin") if rises else (200, ""))


def test_a_level_that_somebody_else_lowered_meanwhile_is_not_raised_without_the_pin(
    cell, tablet, backend
):
    tablet.sign_in("an")
    status, armed = tablet.post("/api/run/arm", LEVEL)
    assert status == 200
    cell.later_s += SETTINGS.hold_s
    backend.state["task"]["plan"][1]["level"] = "manual"
    body = {**LEVEL, "challenge": armed["challenge"], "idempotency_key": "k"}
    assert tablet.post("/api/run/act", body)[1]["reason"] == "needs_pin"
    assert tablet.post("/api/run/act", {**body, "pin": PIN, "idempotency_key": "2"})[1][
        "reason"
    ] == "other_question"  # fmt: skip
    assert backend.acts == []


# About what a person saw.


@pytest.mark.parametrize("act", [*TAPPED, *HELD])
def test_an_act_about_another_run_is_refused(cell, tablet, backend, act):
    tablet.sign_in("an")
    for number, run_id in enumerate(("", "other")):
        wish = {**RUN, "act": act, "run_id": run_id}
        said = tap(tablet, key=str(number), **wish)
        assert said == (409, "stale_version")
    backend.state["task"] = None
    assert tap(tablet, act, "none") == (409, "stale_version")
    assert backend.acts == []


@pytest.mark.parametrize("change", [{"step_id": "back"}, {"cycle": 2}])
def test_a_step_that_came_while_a_person_held_is_not_skipped(cell, tablet, backend, change):
    tablet.sign_in("an")
    wish = {**RUN, "act": "skip_step"}
    _, armed = tablet.post("/api/run/arm", wish)
    cell.later_s += SETTINGS.hold_s
    backend.state["task"].update(change)
    body = {**wish, "challenge": armed["challenge"], "idempotency_key": "k"}
    assert tablet.post("/api/run/act", body)[1]["reason"] == "stale_version"
    assert tap(tablet, "repeat_step", "2") == (409, "stale_version")
    assert tap(tablet, "pause_run", "3") == (200, ""), "which is about the run"


def test_what_one_armed_for_one_act_is_good_for_no_other(cell, tablet, backend):
    tablet.sign_in("an")
    _, armed = tablet.post("/api/run/arm", {**RUN, "act": "skip_step"})
    cell.later_s += SETTINGS.hold_s
    assert tap(tablet, "cancel_run", challenge=armed["challenge"]) == (409, "other_question")
    assert tap(tablet, "skip_step", "2", challenge=armed["challenge"]) == (
        409, "unknown_challenge",
    )  # fmt: skip
    other = Tablet(cell).pair()
    other.sign_in("cy", OTHER)
    _, armed = tablet.post("/api/run/arm", {**RUN, "act": "skip_step"})
    cell.later_s += SETTINGS.hold_s
    assert tap(other, "skip_step", challenge=armed["challenge"]) == (409, "other_question")
    assert backend.acts == []


@pytest.mark.req("S2")
@pytest.mark.parametrize("whose", ["task_s", "permit_s"])
@pytest.mark.parametrize("age_s", [None, SETTINGS.stale_s + 0.6, -1.0])
def test_on_old_data_the_run_is_paused_and_given_up_but_does_not_go_on(
    cell, tablet, backend, whose, age_s
):
    tablet.sign_in("an")
    backend.state["ages"] = {**STATE["ages"], whose: age_s}
    for act in ("resume_run", "repeat_step", "skip_step"):
        assert tap(tablet, act, act) == (409, "stale_data")
    known = whose == "permit_s" or age_s not in (None, -1.0)
    assert tap(tablet, "pause_run") == ((200, "") if known else (409, "stale_data"))
    assert hold(tablet, cell, {**RUN, "act": "cancel_run"}, "c")[0] == (200 if known else 409)


# What the cell says, and the audit trail.


@pytest.mark.parametrize("reason", ["handoff", "held", "needs_answer", "paused", "journal"])
def test_a_refusal_of_the_cell_is_passed_on_and_noted(cell, tablet, backend, reason):
    tablet.sign_in("bo")
    backend.reply = {"accepted": False, "reason": reason}
    assert tap(tablet, "repeat_step") == (409, reason)
    cell.end()
    [told] = [d for kind, d in cell.audited if kind == "outcome"]
    assert (told["act"], told["accepted"], told["reason"]) == ("repeat_step", False, reason)


def test_where_the_cell_does_not_answer_the_act_may_be_given_again(cell, tablet, backend):
    tablet.sign_in("bo")
    backend.silent = True
    assert tap(tablet, "pause_run") == (504, "no_answer_from_cell")
    backend.silent = False
    assert tap(tablet, "pause_run") == tap(tablet, "pause_run") == (200, "")
    assert len(backend.acts) == 1, "the same key is carried out once"
    assert tap(tablet, "repeat_step") == (409, "key_reused")


@pytest.mark.req("S4")
@pytest.mark.parametrize("act", [*TAPPED, *HELD, "set_automation"])
def test_every_act_is_in_the_audit_trail_before_it_is_passed_on(cell, tablet, backend, act):
    tablet.sign_in("an")
    noted, before = [], backend._act

    async def passed_on(kind, body):
        noted.extend(cell.audited)
        return await before(kind, body)

    backend._act = passed_on
    wish = {**RUN, "act": act} if act != "set_automation" else LEVEL
    said = tap(tablet, act) if act in TAPPED else hold(tablet, cell, wish)
    assert said == (200, "")
    kind, told = noted[-1]
    assert (kind, told["operator"], told["role"]) == ("run_act", "an", "supervisor")
    name = "level_down" if act == "set_automation" else act
    assert (told["act"], told["risk_class"]) == (name, int(ACTS[Act(name)].risk))
    cell.end()
    assert cell.audited[-1][0] == "outcome"


@pytest.mark.req("S4")
def test_without_an_audit_trail_nothing_that_is_held_passes_and_a_pause_does(cell, tablet, backend):
    tablet.sign_in("an")
    cell.disk_full = True
    assert hold(tablet, cell, {**RUN, "act": "cancel_run"}) == (409, "no_audit")
    cell.disk_full = False
    _, armed = tablet.post("/api/run/arm", LEVEL)
    cell.later_s += SETTINGS.hold_s
    cell.disk_full = True
    body = {**LEVEL, "challenge": armed["challenge"], "idempotency_key": "2"}
    assert tablet.post("/api/run/act", body)[1]["reason"] == "no_audit"
    assert backend.acts == []
    assert tap(tablet, "pause_run", "3") == (200, "")


def test_what_is_refused_or_let_go_is_noted_by_its_name(cell, tablet):
    tablet.sign_in("bo")
    tap(tablet, "skip_step")
    _, armed = tablet.post("/api/run/arm", {**RUN, "act": "cancel_run"})
    given_up = {"challenge": armed["challenge"]}
    assert Tablet(cell).pair().post("/api/run/disarm", given_up)[1]["accepted"] is False
    assert tablet.post("/api/run/disarm", given_up)[1]["accepted"] is True
    assert tap(tablet, "cancel_run", "2", **given_up) == (409, "unknown_challenge")
    cell.end()
    refused = [d for kind, d in cell.audited if kind == "act_refused"]
    assert [(d["act"], d["step"], d["reason"]) for d in refused] == [
        ("skip_step", "hand", "needs_holding"), ("cancel_run", "hand", "unknown_challenge"),
    ]  # fmt: skip
    assert dict(cell.audited)["canceled"]["operator"] == "bo"


@pytest.mark.parametrize(
    "body",
    [{}, {**RUN, "act": "pause_run"}, {**RUN, "act": "pause_run", "idempotency_key": "k", "x": 1},
     {**RUN, "act": "pause_run", "idempotency_key": "k", "cycle": "1"},
     {**RUN, "act": "fly", "idempotency_key": "k"}],
)  # fmt: skip
def test_a_body_that_nobody_means_is_refused(tablet, backend, body):
    tablet.sign_in("an")
    assert tablet.post("/api/run/act", body)[0] == 400
    assert backend.acts == []


# What is wrong with a recipe.


def test_what_is_wrong_with_a_recipe_is_told_to_those_who_lead(cell, tablet, backend):
    wrong = {"refused": "bolts", "problems": ["bolts.yaml: steps[0].poses: no such pose"]}
    backend.state["recipes"] = wrong
    assert tablet.ask("GET", "/api/state")[1]["recipes"] is None
    tablet.sign_in("bo")
    assert tablet.ask("GET", "/api/state")[1]["recipes"] is None
    tablet.sign_in("an")
    assert tablet.ask("GET", "/api/state")[1]["recipes"] == wrong
