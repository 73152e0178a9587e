"""Challenges: good once, for one question and device, after the hold and before they run out."""

from math import nan

import pytest

from hrc_cell.adapters.panel.challenge import OPEN_MAX, About, Challenges

ABOUT = About(question_id="q", state_version=3, device="tablet", operator="an")


def armed(now_s=100.0):
    challenges = Challenges(hold_s=1.0, second_s=0.5, lifetime_s=10.0)
    return challenges, challenges.arm(ABOUT, now_s)


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    ("after_s", "why"),
    [(0.99, "held_too_short"), (1.0, ""), (10.0, ""), (10.1, "challenge_expired"),
     (-1.0, "held_too_short"), (nan, "challenge_expired")],
)  # fmt: skip
def test_it_is_good_after_the_hold_and_before_it_runs_out(after_s, why):
    challenges, token = armed()
    assert challenges.redeem(token, ABOUT, 100.0 + after_s) == why


@pytest.mark.req("S4")
@pytest.mark.parametrize(("after_s", "why"), [(0.49, "held_too_short"), (0.5, "")])
def test_one_for_a_second_control_is_not_good_at_once(after_s, why):
    challenges = Challenges(hold_s=1.0, second_s=0.5, lifetime_s=10.0)
    second = About(question_id="q", state_version=3, device="tablet", operator="an", second=True)
    token = challenges.arm(second, 100.0)
    assert challenges.redeem(token, second, 100.0 + after_s) == why


@pytest.mark.req("S4")
def test_it_is_good_once_even_if_the_first_try_was_refused():
    challenges, token = armed()
    assert challenges.redeem(token, ABOUT, 100.1) == "held_too_short"
    assert challenges.redeem(token, ABOUT, 102.0) == "unknown_challenge"


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    "other",
    [About(question_id="p", state_version=3, device="tablet", operator="an"),
     About(question_id="q", state_version=4, device="tablet", operator="an"),
     About(question_id="q", state_version=3, device="phone", operator="an"),
     About(question_id="q", state_version=3, device="tablet", operator="bo"),
     About(question_id="q", state_version=3, device="tablet", operator="an", answer="skip"),
     About(question_id="q", state_version=3, device="tablet", operator="an", second=True)],
)  # fmt: skip
def test_it_is_good_for_nothing_else(other):
    challenges, token = armed()
    assert challenges.redeem(token, other, 102.0) == "other_question"


def test_a_device_has_one_and_there_are_never_too_many():
    challenges, first = armed()
    challenges.arm(ABOUT, 100.5)
    assert challenges.redeem(first, ABOUT, 102.0) == "unknown_challenge"
    tokens = [
        challenges.arm(
            About(question_id="q", state_version=3, device=f"d{i}", operator="an"), 100.0
        )
        for i in range(OPEN_MAX + 1)
    ]
    oldest = About(question_id="q", state_version=3, device="d0", operator="an")
    assert challenges.redeem(tokens[0], oldest, 102.0) == "unknown_challenge"


@pytest.mark.req("S4")
def test_one_that_was_given_up_is_void_and_only_its_own_device_gives_it_up():
    challenges, token = armed()
    assert challenges.age_s(token, 101.5) == 1.5
    assert challenges.cancel(token, "phone") is None
    assert challenges.cancel(token, "tablet") == ABOUT
    assert challenges.cancel(token, "tablet") is None
    assert challenges.age_s(token, 101.5) is None
    assert challenges.redeem(token, ABOUT, 102.0) == "unknown_challenge"
