"""Figures of the work over real HTTP and in a real browser, from real files of a record."""

import json
import time

import pytest
from worked import writing

from hrc_cell.adapters.panel.figures import DAYS, begin_s
from hrc_cell.core.access import Role
from panel.browser import ENGLISH, LANDSCAPE, PHONE, PORTRAIT, Shown
from panel.scripted import ScriptedCell, opened, served
from panel.tablet import PIN, Tablet

CONTROL_PX = 94
CYCLES = 12
CYCLE_S = 6.0
HOUR_S, DAY_S = 3600.0, 86400.0


def work(folder, cycles=CYCLES, ago_s=HOUR_S, recipe="bolts"):
    """Write the record of a cell that worked."""
    with writing(folder, at_s=time.time() - ago_s, recipe=recipe) as record:
        record.line("record_begun", "recorder")
        record.permit(4)
        record.task("", "", "IDLE", cycle=0)
        for number in range(1, cycles + 1):
            record.cycle(number, stops=number % 2 == 0)
        record.task("", "", "DONE", cycle=cycles, reason="an says so", operator_alias="an")


def broken(folder):
    """Make a record that cannot be read."""
    (folder / "events-000001-2027-01-15T080000-000000000Z.jsonl").mkdir(parents=True)


def figures(cell, wanted="week"):
    status, reply = Tablet(cell).ask("GET", f"/api/figures/{wanted}")
    return reply if status == 200 else (status, reply["reason"])


@pytest.fixture
def worked(cell):
    work(cell.records)
    return cell


def test_whoever_may_look_at_the_page_may_look_at_the_figures(worked):
    told = figures(worked)
    assert (told["cycles"]["n"], told["cycles"]["median_s"]) == (CYCLES, pytest.approx(5.0))
    assert {one["step"] for one in told["steps"]} == {"fetch", "hand"}
    [stops] = told["stops"]
    assert (stops["cause"], stops["count"]) == ("separation", CYCLES // 2)
    assert told["since_s"] == pytest.approx(time.time() - HOUR_S, abs=60.0)


def test_no_name_that_stands_in_the_record_leaves_it(worked):
    work(worked.records, ago_s=HOUR_S / 2)
    said = json.dumps(figures(worked))
    assert '"an' not in said
    assert "alias" not in said


def test_what_was_added_is_there_the_next_time(worked):
    before = figures(worked)["cycles"]["n"]
    work(worked.records, cycles=3, ago_s=60.0)
    assert figures(worked)["cycles"]["n"] == before + 3


def test_a_range_that_is_none_and_a_record_that_is_none(cell):
    assert figures(cell, "year") == (404, "unknown_range")
    told = figures(cell)
    assert (told["cycles"]["n"], told["steps"], told["since_s"]) == (0, [], None)


def test_a_record_that_cannot_be_read_is_said_so(cell):
    broken(cell.records)
    assert figures(cell) == (503, "record_unreadable")


def test_a_shift_begins_where_it_was_taken_over(tmp_path):
    work(tmp_path / "records", ago_s=2 * HOUR_S)
    with opened(ScriptedCell(), training=False, keep=tmp_path) as cell:
        cell.access.people.add("an", Role.OPERATOR, "en", PIN)
        cell.server._handovers.taken_s.append(time.time() - HOUR_S)
        assert figures(cell, "shift")["cycles"]["n"] == 0
        week = figures(cell)
        assert [one["cycles"]["n"] for one in week["shifts"]] == [CYCLES, 0]


def test_ranges_begin_where_they_say():
    now_s = time.mktime((2027, 1, 15, 15, 30, 0, 0, 0, -1))
    midnight_s = time.mktime((2027, 1, 15, 0, 0, 0, 0, 0, -1))
    assert begin_s("today", now_s, [now_s - 60.0]) == midnight_s
    assert begin_s("week", now_s, []) == midnight_s - (DAYS - 1) * DAY_S
    assert begin_s("shift", now_s, [now_s - 9.0, now_s - 5.0, now_s + 9.0]) == now_s - 5.0
    assert begin_s("shift", now_s, [now_s - 30 * DAY_S]) == midnight_s
    assert begin_s("shift", now_s, []) == midnight_s


# In a browser.


@pytest.fixture(scope="module")
def charts(browser, tmp_path_factory):
    """The page of a cell that has worked, with its figures of the week open."""
    folder = tmp_path_factory.mktemp("worked")
    work(folder / "records")
    with opened(ScriptedCell(), keep=folder) as cell:
        cell.server._handovers.taken_s.append(time.time() - HOUR_S + 3.1 * CYCLE_S)
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), LANDSCAPE, strict=True)), has_touch=True
        )
        page = Shown(None, cell.url, cell.end, context.new_page()).open()
        assert not any("charts.js" in one for one in page.requests)
        page.wait(".of-work .drawer").click()
        page.wait(f'.charts button:has-text("{ENGLISH["range.week"]}")').click()
        page.wait(".figures")
        yield page
        context.close()


def test_tables_say_what_the_bars_show(charts):
    rows = charts.page.locator(".figures").first.locator("tbody tr").all_inner_texts()
    assert rows[0].split("\t")[-4:] == [str(CYCLES), "5.0 s", "6.0 s", "0"]
    assert len(rows) == 3, "the whole, and two shifts"
    captions = charts.page.locator(".figures caption").all_inner_texts()
    assert captions == [ENGLISH[f"figures.{one}"] for one in ("cycles", "steps", "waits", "stops")]
    stop = charts.page.locator(".figures").last.locator("tbody tr").first.inner_text()
    assert ENGLISH["stopped.separation"] in stop
    assert f"fetch ({CYCLES // 2})" in stop
    for svg in charts.page.locator(".charts svg").all():
        assert svg.get_attribute("aria-hidden") == "true"


def test_bars_are_as_long_as_their_numbers_say(charts):
    hand = charts.page.locator('.figures tr:has-text("hand")').first
    whole = hand.locator(".rail").bounding_box()["width"]
    waits = hand.locator(".use.for_person").bounding_box()["width"]
    fetch = charts.page.locator('.figures tr:has-text("fetch")').first
    works = fetch.locator(".use.works").bounding_box()["width"]
    assert waits == pytest.approx(whole, rel=0.02), "3 s each time, the most of all"
    assert works == pytest.approx(whole * 2.0 / 3.0, rel=0.02), "2 s each time"


def test_uses_are_told_apart_without_colour(charts):
    fills = charts.page.evaluate(
        "[...document.querySelectorAll('.legend .use')].map((one) => getComputedStyle(one).fill)"
    )
    assert len(set(fills)) == 5
    plain = [fill for fill in fills if fill.startswith("rgb")]
    for fill in plain:
        red, green, blue = (int(part) for part in fill[4:-1].split(","))
        assert max(red, green, blue) - min(red, green, blue) <= 24, "grey"


def test_of_few_there_is_a_dash_and_their_number(charts):
    rows = charts.page.locator(".figures").first.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[-4:-1] for row in rows[1:]] == [["4", "–", "–"], ["8", "5.0 s", "–"]]


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, PHONE, (360, 740), (1920, 1080)])
def test_figures_fit_every_screen(charts, size):
    charts.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    assert charts.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    side = charts.page.locator(".charts").bounding_box()
    for table in charts.page.locator(".figures").all():
        assert table.bounding_box()["width"] <= side["width"] + 1
    for one in charts.page.locator(".charts .note-acts button").all():
        box = one.bounding_box()
        assert min(box["width"], box["height"]) >= CONTROL_PX
    assert charts.mistakes == []


def test_without_a_record_the_page_says_that_nothing_was_done(browser):
    with served(ScriptedCell()) as (url, end_server):
        context = browser.new_context()
        page = Shown(None, url, end_server, context.new_page()).open()
        page.wait(".of-work .drawer").click()
        page.wait(f'.charts:has-text("{ENGLISH["figures.nothing"]}")')
        end_server()
        page.page.locator(".charts .note-acts button").last.evaluate("(one) => one.click()")
        page.wait(f'.charts:has-text("{ENGLISH["figures.failed"]}")')
        context.close()
