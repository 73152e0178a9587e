"""The page says why: who binds, what is needed term by term, what ends it; in every language."""

import pytest

from hrc_cell.core.safety import CAUSES
from panel.browser import ENGLISH, PORTRAIT, VIETNAMESE
from panel.scripted import STATE

TERMS = STATE["permit"]["terms"]


def permit(page, **change):
    page.cell.state["permit"] = {**STATE["permit"], **change}


def opened(page):
    """Return the words of the reason's details, opened with one tap."""
    if not page.page.locator(".why-inside").count():
        page.wait(".why-box .drawer").click()
    page.wait(".why-inside")
    return page.page.inner_text(".why-inside")


def test_a_tap_shows_the_pair_and_each_term_and_one_more_hides_them(page):
    assert page.page.locator(".why-inside").count() == 0
    told = opened(page)
    assert "Person 1 and link_4: 1.42 m apart" in told
    assert ENGLISH["why.required"].format(required="1.56 m") in told
    for name, value in TERMS.items():
        assert f"{value:.2f} m {ENGLISH[f'term.{name}']}" in " ".join(told.split())
    page.page.locator(".why-box .drawer").click()
    page.wait(".why-inside", state="detached")
    assert page.mistakes == []


def test_the_bar_adds_the_terms_up_and_marks_the_distance_that_there_is(page):
    opened(page)
    pieces = page.page.locator(".terms .term")
    spans = [
        [float(piece.get_attribute(name)) for name in ("x", "width")] for piece in pieces.all()
    ]
    ends = [x + width for x, width in spans]
    assert [x for x, _ in spans] == pytest.approx([0.0, *ends[:-1]]), "one begins where one ends"
    assert ends[-1] == pytest.approx(100.0), "more is needed than there is"
    widths = [100.0 * value / 1.56 for value in TERMS.values()]
    assert [width for _, width in spans] == pytest.approx(widths)
    mark = float(page.page.locator(".terms .mark-line").get_attribute("x"))
    assert mark == pytest.approx(100.0 * 1.42 / 1.56)


def test_age_source_what_ends_it_and_what_to_do_are_told(page):
    told = opened(page)
    assert "scanner left, 0.05 s old" in told
    assert ENGLISH["clears.itself"] in told
    assert ENGLISH["advice.separation"] in told
    permit(
        page, state="latched", cause="scanner_silent", culprit="left", clears="reset", age=None,
        human=0, distance=None, required=0.0,
    )  # fmt: skip
    page.wait(f'.why-inside:has-text("{ENGLISH["why.age_unknown"]}")')
    told = opened(page)
    assert ENGLISH["clears.reset"] in told
    assert ENGLISH["advice.scanner_silent"].format(culprit="left") in told
    assert page.page.locator(".terms").count() == 0, "nobody binds: there is no sum to show"


def test_part_limit_region_set_and_muted_zones_are_told_where_there_are_any(page):
    permit(page, part="hand", limit=0.25, region="chest", zone_set="night", muted=["gate", "table"])
    page.wait(f'.status .why:has-text("Person 1 ({ENGLISH["part.hand"]}) is 1.42 m")')
    told = opened(page)
    for text in (
        ENGLISH["why.limit"].format(limit="0.25 m/s"),
        ENGLISH["why.contact"].format(region=ENGLISH["part.chest"]),
        ENGLISH["why.zone_set"].format(set="night"),
        ENGLISH["why.muted"].format(zones="gate, table"),
    ):
        assert text in told


@pytest.mark.parametrize(
    ("state", "key"), [("standstill", "separation_room"), ("reduced", "separation_slow")]
)
def test_nobody_is_told_that_more_is_needed_where_there_is_more(page, state, key):
    permit(page, state=state, distance=1.60)
    text = ENGLISH[f"cause.{key}"].format(who="Person 1", distance="1.60 m", link="link_4")
    page.wait(f'.status .why:has-text("{text}")')


def test_every_cause_says_what_it_is_and_what_to_do(page):
    opened(page)
    for cause in filter(None, CAUSES):
        permit(page, cause=cause, culprit="left")
        page.wait(f".why-inside:has-text('{ENGLISH[f'advice.{cause}'].format(culprit='left')}')")
        assert page.page.inner_text(".status .why").strip()
        assert "{" not in page.page.inner_text(".side")


def test_the_details_are_in_the_language_of_the_page(page):
    opened(page)
    page.page.locator(f'nav button:has-text("{ENGLISH["language.vi"]}")').click()
    page.wait(f'.why-inside:has-text("{VIETNAMESE["term.s_h"]}")')
    told = opened(page)
    who = VIETNAMESE["who.person"].format(human=1)
    assert who in told
    assert "1,42 m" in told, "numbers as the language writes them"
    assert VIETNAMESE["clears.itself"] in told
    for text in ENGLISH.values():
        assert len(text) < 20 or text not in told


def test_opened_on_an_upright_tablet_the_details_do_not_stay_over_the_rest(page):
    page.page.set_viewport_size(dict(zip(("width", "height"), PORTRAIT, strict=True)))
    opened(page)
    all_of = "[...document.querySelectorAll('.status, .why-box')]"
    places = f"{all_of}.map((one) => getComputedStyle(one).position)"
    assert page.page.evaluate(places) == ["sticky", "static"]
