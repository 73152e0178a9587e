"""The ways of doing what is deliberate, over real HTTP: one rule for all, each noted."""

from dataclasses import replace

import pytest

from hrc_cell.adapters.panel.ways import SECOND_AFTER_S
from hrc_cell.core.access import ACTS, Act, Role, act_for
from panel.scripted import QUESTION, SETTINGS, opened
from panel.tablet import MEANT, PIN, Tablet
from panel.test_run_acts import RUN

WITH_PEDAL = replace(SETTINGS, pedal_key="F13")
RECOVER = {**QUESTION, "kind": "recover", "risk_class": 1, "options": ["retry", "skip", "abort"]}
SAME = {"skip": "skip_step", "abort": "cancel_run"}


@pytest.fixture
def made(backend):
    """Return a function that serves a cell with such settings and signs somebody in."""
    opens = []

    def make(settings=WITH_PEDAL, alias="an"):
        opens.append(opened(backend, settings, training=False))
        cell = opens[-1].__enter__()
        cell.access.people.add("an", Role.SUPERVISOR, "en", PIN)
        cell.access.people.add("bo", Role.OPERATOR, "en", PIN)
        tablet = Tablet(cell).pair()
        assert tablet.sign_in(alias)[0] == 200
        return cell, tablet

    yield make
    for one in opens:
        one.__exit__(None, None, None)


def confirm(cell, tablet, armed_by, done_by, after_s=SETTINGS.hold_s, answer="confirm", key="k"):
    status, armed = tablet.post("/api/arm", {**MEANT, "answer": answer, "way": armed_by})
    if status != 200:
        return armed["reason"]
    cell.later_s += after_s
    body = {**MEANT, "challenge": armed["challenge"], "answer": answer, "idempotency_key": key}
    return tablet.post("/api/confirm", {**body, "way": done_by})[1]["reason"]


def noted(cell, *kinds):
    cell.end()
    return [(kind, told["way"]) for kind, told in cell.audited if kind in kinds]


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    ("armed_by", "done_by"),
    [("hold", "hold"), ("hold", "keyboard"), ("hold", "pedal"), ("pedal", "pedal"),
     ("pedal", "hold"), ("second", "second"), ("", "")],
)  # fmt: skip
def test_each_way_confirms_once_and_the_audit_trail_says_which(made, backend, armed_by, done_by):
    cell, tablet = made()
    assert confirm(cell, tablet, armed_by, done_by) == ""
    assert [body["answer"] for _, body in backend.acts] == ["confirm"]
    assert noted(cell, "armed", "answer", "outcome") == [
        ("armed", armed_by or "hold"), ("answer", done_by or "hold"),
        ("outcome", done_by or "hold"),
    ]  # fmt: skip


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    ("armed_by", "done_by"), [("hold", "second"), ("second", "hold"), ("second", "pedal")]
)
def test_what_was_armed_to_be_held_is_not_tapped_nor_the_other_way_round(
    made, backend, armed_by, done_by
):
    cell, tablet = made()
    assert confirm(cell, tablet, armed_by, done_by) == "other_question"
    assert backend.acts == []


@pytest.mark.req("S4")
@pytest.mark.parametrize("way", ["hold", "keyboard", "pedal", "second"])
def test_no_way_is_quick(made, backend, way):
    cell, tablet = made()
    least_s = SECOND_AFTER_S if way == "second" else SETTINGS.hold_s
    assert confirm(cell, tablet, way, way, after_s=0.6 * least_s) == "held_too_short"
    assert confirm(cell, tablet, way, way, SETTINGS.challenge_s + 1, key="2") == "challenge_expired"
    assert backend.acts == []


def test_a_cell_may_allow_neither_pedal_nor_second_control(made, backend):
    cell, tablet = made(replace(SETTINGS, second_control=False))
    for way in ("second", "pedal"):
        assert confirm(cell, tablet, way, way) == "way_not_allowed"
        assert confirm(cell, tablet, "hold", way, key=way) == "way_not_allowed"
    assert tablet.post("/api/arm", {**MEANT, "way": "by_thought"})[0] == 400
    panel = tablet.ask("GET", "/api/about")[1]["panel"]
    assert (panel["ways"], panel["pedal_key"]) == (["hold"], "")
    assert backend.acts == []


def test_a_run_is_steered_with_a_second_control_and_never_with_a_pedal(made, backend):
    cell, tablet = made()
    wish = {**RUN, "act": "cancel_run"}
    for number, (way, said) in enumerate((("pedal", "way_not_allowed"), ("second", ""))):
        status, armed = tablet.post("/api/run/arm", {**wish, "way": way})
        assert armed.get("reason", "") == said
        if status == 200:
            cell.later_s += SECOND_AFTER_S
            body = {**wish, "challenge": armed["challenge"], "idempotency_key": str(number)}
            assert tablet.post("/api/run/act", {**body, "way": way})[0] == 200
    assert [body["act"] for _, body in backend.acts] == ["cancel_run"]
    assert noted(cell, "armed", "run_act") == [("armed", "second"), ("run_act", "second")]


def test_a_tablet_is_let_in_with_a_second_control(made):
    cell, tablet = made()
    act = {"act": "pair", "about": "", "way": "second"}
    _, armed = tablet.post("/api/arm_act", act)
    cell.later_s += SECOND_AFTER_S
    status, reply = tablet.post("/api/act", {**act, "challenge": armed["challenge"], "pin": PIN})
    assert status == 200, reply
    assert noted(cell, "armed", "pair") == [("armed", "second"), ("pair", "second")]


# The same act needs the same, whether it answers a question or not.


@pytest.mark.parametrize("answer", SAME)
def test_what_a_question_offers_is_the_act_that_there_is_without_one(answer):
    act = act_for(answer, 1)
    assert act.value == SAME[answer]
    assert ACTS[act] == ACTS[Act(SAME[answer])]


@pytest.mark.req("S4")
@pytest.mark.parametrize("alias", ["an", "bo"])
@pytest.mark.parametrize("answer", SAME)
def test_to_skip_or_give_up_at_a_question_takes_what_it_takes_without_one(
    made, backend, answer, alias
):
    cell, tablet = made(alias=alias)
    backend.state["task"]["question"] = RECOVER
    body = {**MEANT, "answer": answer, "idempotency_key": "tap"}
    assert tablet.post("/api/answer", body)[1]["reason"] == "needs_holding"
    assert backend.acts == []
    wish = {**RUN, "act": SAME[answer]}
    _, alone = tablet.post("/api/run/arm", wish)
    said = confirm(cell, tablet, "hold", "hold", answer=answer)
    assert (
        said
        == alone.get("reason", "")
        == ("role_too_low" if (answer, alias) == ("skip", "bo") else "")
    )
    assert [body["answer"] for _, body in backend.acts] == ([] if said else [answer])


@pytest.mark.req("S4")
def test_what_was_armed_for_one_answer_is_good_for_no_other(made, backend):
    cell, tablet = made()
    backend.state["task"]["question"] = RECOVER
    _, armed = tablet.post("/api/arm", {**MEANT, "answer": "abort"})
    cell.later_s += SETTINGS.hold_s
    body = {**MEANT, "challenge": armed["challenge"], "answer": "skip", "idempotency_key": "k"}
    assert tablet.post("/api/confirm", body)[1]["reason"] == "other_question"
    assert backend.acts == []


def test_a_locked_page_gives_nothing_up_and_without_an_audit_trail_nothing_is(made, backend):
    cell, tablet = made()
    backend.state["task"]["question"] = RECOVER
    cell.disk_full = True
    assert confirm(cell, tablet, "hold", "hold", answer="abort") == "no_audit"
    cell.disk_full = False
    cell.later_s += SETTINGS.idle_lock_s + 1.0
    assert confirm(cell, tablet, "hold", "hold", answer="abort", key="2") == "session_locked"
    assert backend.acts == []
