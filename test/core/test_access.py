"""Who may do what: the table is total, and no way round the lock, the PIN or the second person."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.access import (
    ACTS,
    FIRST_LOCK_S,
    LOCK_MAX_S,
    NEEDS,
    REASONS,
    TRIES,
    Act,
    Attempts,
    Needs,
    Proof,
    Risk,
    Role,
    Session,
    act_for,
    act_of,
    after_wrong,
    is_locked,
    keeps_a_supervisor,
    leads,
    locked_for_s,
    pin_problem,
    rank,
    refusal,
    seen,
)

IDLE_S = 120.0
ANYBODY = (Act.STOP_REQUEST, Act.ANDON_CALL)
acts, roles = st.sampled_from(Act), st.sampled_from(Role)
instants = st.floats(-1e6, 1e6) | st.sampled_from([nan, inf, -inf])
sessions = st.builds(
    Session, alias=st.sampled_from(["an", "bo"]), role=roles, active_s=instants,
    training=st.booleans(),
)  # fmt: skip
proofs = st.builds(
    Proof, pin=st.booleans(), second=st.sampled_from(["", "an", "bo"]), second_role=roles
)


def judged(act, session, now_s=0.0, *, simulated=False, proof=None):
    return refusal(
        act, session, now_s, idle_lock_s=IDLE_S, simulated=simulated, proof=proof or Proof()
    )


def person(role, alias="an", active_s=0.0, **more):
    return Session(alias=alias, role=Role(role), active_s=active_s, **more)


def test_every_act_has_a_class_and_every_class_says_what_it_needs():
    assert ACTS.keys() == set(Act)
    assert NEEDS.keys() == set(Risk)


def test_each_class_needs_all_that_the_one_below_it_needs():
    for lower, higher in zip(NEEDS.values(), list(NEEDS.values())[1:], strict=False):
        assert all(b or not a for a, b in zip(lower, higher, strict=True))
    assert NEEDS[Risk.C0] == Needs(*[False] * 6)
    assert NEEDS[Risk.C4] == Needs(*[True] * 6)


@given(st.sampled_from(ANYBODY), st.none() | sessions, instants, proofs, st.booleans())
def test_a_stop_request_and_a_call_are_refused_to_nobody(act, session, now_s, proof, simulated):
    assert judged(act, session, now_s, simulated=simulated, proof=proof) == ""


@given(acts.filter(lambda act: act not in ANYBODY), proofs, st.booleans())
def test_nothing_else_is_allowed_to_somebody_who_is_not_signed_in(act, proof, simulated):
    assert judged(act, None, simulated=simulated, proof=proof) == "not_signed_in"


@given(acts, sessions, instants, proofs, st.booleans())
def test_what_is_allowed_has_all_that_its_row_asks_for(act, session, now_s, proof, simulated):
    said = judged(act, session, now_s, simulated=simulated, proof=proof)
    assert said in ("", *REASONS)
    rule, needs = ACTS[act], NEEDS[ACTS[act].risk]
    least = rank(rule.least, simulated=simulated)
    if said == "" and needs.signed_in:
        assert rank(session.role, simulated=simulated) >= least
        assert not needs.unlocked or not is_locked(session, now_s, idle_lock_s=IDLE_S)
        assert not needs.pin or proof.pin
        if needs.second:
            assert proof.second not in ("", session.alias)
            assert rank(proof.second_role, simulated=simulated) >= least


@given(acts, instants, proofs, roles, roles, st.booleans(), st.booleans())
def test_a_higher_role_may_do_what_a_lower_one_may(
    act, now_s, proof, one, other, simulated, training
):
    low, high = sorted([one, other], key=lambda role: rank(role, simulated=simulated))
    of = {role: person(role, active_s=0.0, training=training) for role in (low, high)}
    if judged(act, of[low], now_s, simulated=simulated, proof=proof) == "":
        assert judged(act, of[high], now_s, simulated=simulated, proof=proof) == ""


@pytest.mark.parametrize(
    ("act", "role", "simulated", "said"),
    [
        (Act.ANSWER, "viewer", False, "role_too_low"),
        (Act.ANSWER, "operator", False, ""),
        (Act.CONFIRM, "operator", False, ""),
        (Act.CONFIRM, "viewer", True, "role_too_low"),
        (Act.PAUSE_RUN, "viewer", False, "role_too_low"),
        (Act.PAUSE_RUN, "operator", False, ""),
        (Act.CANCEL_RUN, "operator", False, ""),
        (Act.SKIP_STEP, "operator", False, "role_too_low"),
        (Act.SKIP_STEP, "supervisor", False, ""),
        (Act.LEVEL_DOWN, "operator", False, "role_too_low"),
        (Act.LEVEL_DOWN, "supervisor", False, ""),
        (Act.LEVEL_UP, "engineer", False, "needs_pin"),
        (Act.PAIR, "operator", False, "role_too_low"),
        (Act.PAIR, "trainer", False, "role_too_low"),
        (Act.PAIR, "trainer", True, "needs_pin"),
        (Act.PAIR, "supervisor", False, "needs_pin"),
        (Act.CONFIRM_SAFETY, "engineer", False, "needs_pin"),
    ],
)
def test_the_rows_by_hand(act, role, simulated, said):
    assert judged(act, person(role), simulated=simulated) == said


@pytest.mark.parametrize(
    ("second", "role", "said"),
    [
        ("", "engineer", "needs_second"),
        ("an", "engineer", "same_person"),
        ("bo", "operator", "second_role_too_low"),
        ("bo", "supervisor", ""),
    ],
)
def test_two_people_are_two_people_who_both_may(second, role, said):
    proof = Proof(pin=True, second=second, second_role=Role(role))
    assert judged(Act.CONFIRM_SAFETY, person("supervisor"), proof=proof) == said


@pytest.mark.parametrize(
    ("now_s", "locked"),
    [(0.0, False), (IDLE_S, False), (IDLE_S + 0.1, True), (-0.1, True), (nan, True), (inf, True)],
)
def test_who_was_not_seen_for_too_long_confirms_nothing_but_may_tap(now_s, locked):
    session = person("operator", active_s=0.0)
    assert is_locked(session, now_s, idle_lock_s=IDLE_S) is locked
    assert judged(Act.CONFIRM, session, now_s) == ("session_locked" if locked else "")
    assert judged(Act.ANSWER, session, now_s) == ""


@given(st.lists(st.floats(0.0, 300.0), max_size=8))
def test_touching_keeps_a_session_open_and_never_opens_a_locked_one(pauses_s):
    now_s, session, locked = 0.0, person("operator"), False
    for pause_s in pauses_s:
        now_s += pause_s
        locked = locked or is_locked(session, now_s, idle_lock_s=IDLE_S)
        session = seen(session, now_s, idle_lock_s=IDLE_S)
        assert is_locked(session, now_s, idle_lock_s=IDLE_S) is locked


def test_the_training_operator_has_no_pin_and_is_not_locked():
    session = person("operator", training=True)
    assert judged(Act.CONFIRM, session, 1e9) == ""


@given(st.lists(st.floats(0.0, 100.0), max_size=200))
def test_five_wrong_pins_lock_for_30_s_and_each_further_one_for_twice_as_long(pauses_s):
    attempts, now_s = Attempts(), 0.0
    for number, pause_s in enumerate(pauses_s, 1):
        now_s += pause_s
        attempts = after_wrong(attempts, now_s)
        wanted = 0.0 if number < TRIES else min(FIRST_LOCK_S * 2 ** (number - TRIES), LOCK_MAX_S)
        assert locked_for_s(attempts, now_s) == pytest.approx(wanted)
        assert locked_for_s(attempts, now_s + wanted) == pytest.approx(0.0, abs=1e-6)


@given(st.integers(), st.text())
def test_an_answer_is_the_act_of_its_class_unless_it_refuses_or_is_one_on_the_run(number, answer):
    own = {"refuse": Act.ANSWER, "skip": Act.SKIP_STEP, "abort": Act.CANCEL_RUN}
    for said in (*own, answer):
        assert act_for(said, number) == own.get(said, act_of(number))


@given(st.integers())
def test_a_question_of_an_unknown_class_needs_the_most(risk_class):
    assert ACTS[act_of(risk_class)].risk == (risk_class if 1 <= risk_class <= 4 else
                                             Risk.C1 if risk_class == 0 else Risk.C4)  # fmt: skip


@pytest.mark.parametrize(
    ("pin", "good"),
    [("274918", True), ("112233", True), ("000000", False), ("777777", False), ("123456", False),
     ("654321", False), ("12345", False), ("1234567", False), ("12a456", False), ("", False),
     ("１２３９５６", False), ("27491²", False)],
)  # fmt: skip
def test_a_pin_is_six_digits_that_nobody_tries_first(pin, good):
    assert (pin_problem(pin) == "") is good


def test_where_there_was_a_supervisor_one_must_stay():
    alone = {"an": Role.SUPERVISOR, "bo": Role.ENGINEER}
    assert not keeps_a_supervisor(alone, {"bo": Role.ENGINEER})
    assert not keeps_a_supervisor(alone, {**alone, "an": Role.ENGINEER})
    assert keeps_a_supervisor(alone, {"an": Role.SUPERVISOR})
    assert keeps_a_supervisor({"bo": Role.OPERATOR}, {})


@pytest.mark.parametrize("simulated", [True, False])
def test_supervisors_and_engineers_lead_and_a_trainer_in_a_simulated_cell(simulated):
    leading = {role for role in Role if leads(person(role), simulated=simulated)}
    more = {Role.TRAINER} if simulated else set()
    assert leading == {Role.SUPERVISOR, Role.ENGINEER} | more
    assert not leads(None, simulated=simulated)
