"""A run seen and steered on the page, in a real browser; the run is real, the robot's hands not."""

import itertools

import pytest

from hrc_cell.core.access import Role
from hrc_cell.core.task import Phase
from panel.browser import ENGLISH, HOLD_MS, LANDSCAPE, PHONE, PORTRAIT, VIETNAMESE, Shown
from panel.drawn import png
from panel.played import LOOK, PlayedCell
from panel.scripted import STATE, opened
from panel.tablet import PIN
from panel.test_page import APART_PX, CONTROL_PX, GAP_PX, SAFETY_PX, gap

READABLE_PX = 24
ARMS_LENGTH_PX = 320
"""A picture of that width is 50 mm wide on a common tablet; one tap makes it larger."""
RECIPE_TEXT = LOOK["en"].text
SIZES = (PORTRAIT, LANDSCAPE, PHONE)


class Run(Shown):
    """A page on a tablet that was let in, with a run under way."""

    def sign_in(self, alias):
        code = self.served.access.devices.new_code("test")
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}#pair={code}")
        self.wait(f'.doors .told:has-text("{ENGLISH["access.paired"]}")')
        self.page.locator(".doors .close").click()
        self.page.locator(".who").click()
        self.wait(f'.people button:has-text("{alias}")').click()
        self.give_pin()
        self.wait(f'.who:has-text("{alias}")')
        return self

    def give_pin(self):
        self.wait(".pad")
        self.page.keyboard.type(PIN)
        self.wait(".doors", state="detached")

    def texts(self):
        return VIETNAMESE if self.page.get_attribute("html", "lang") == "vi" else ENGLISH

    def says(self, key, **values):
        self.wait(f'.task .told:has-text("{self.texts()[key].format(**values)}")')

    def refused(self, reason):
        self.says("run.refused", reason=self.texts()[f"refusal.{reason}"])

    def tap(self, act):
        self.wait(f".{act}:enabled").click()

    def hold(self, selector=".armed .hold"):
        self.wait(f"{selector}:enabled")
        self.page.locator(selector).scroll_into_view_if_needed()
        box = self.box(selector)
        self.press_at(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.wait(selector, state="detached")
        self.page.mouse.up()

    def steps(self):
        """Return each step with the state that the page gives it."""
        rows = self.page.locator(".plan-steps > li").all()
        return [row.get_attribute("class").removeprefix("is-") for row in rows]

    def boxes(self, selector):
        """Return where all of these are, seen at once."""
        seen = "all => all.map(one => one.getBoundingClientRect().toJSON())"
        return self.page.locator(selector).evaluate_all(seen)

    def step(self, index, text):
        self.wait(f'.plan-steps > li:nth-child({index + 1}):has-text("{text}")')


@pytest.fixture
def run(browser):
    backend = PlayedCell()
    with opened(backend, training=False) as cell:
        (cell.recipes / "burr.png").write_bytes(png())
        cell.access.people.add("an", Role.SUPERVISOR, "en", PIN)
        cell.access.people.add("bo", Role.OPERATOR, "en", PIN)
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), LANDSCAPE, strict=True)), has_touch=True
        )
        page = Run(backend, cell.url, cell.end, context.new_page())
        page.served = cell
        yield page
        context.close()


def test_an_operator_follows_a_run_pauses_resumes_repeats_and_gives_it_up(run):
    run.sign_in("bo")
    run.wait('.task h3:has-text("Bolts for housing 7")')
    assert run.steps() == ["now", "next", "next", "next"]
    run.cell.until("check")
    run.wait(f'.instruction:has-text("{RECIPE_TEXT}")')
    run.step(1, ENGLISH["progress.done"])
    assert run.steps() == ["done", "done", "now", "next"]
    run.until("document.querySelector('.picture img')?.naturalWidth === 1200")
    assert run.page.locator(".skip_step, .to-level").count() == 0, "a supervisor's"

    run.tap("pause_run")
    run.says("steered.pause_run")
    run.wait(f'.task .facts:has-text("{ENGLISH["phase.paused"]}")')
    assert run.cell.task.phase is Phase.PAUSED
    run.tap("resume_run")
    run.says("steered.resume_run")
    run.wait(".question.asked")
    run.tap("repeat_step")
    run.says("steered.repeat_step")
    assert run.cell.task.phase is Phase.WAITING

    run.tap("cancel_run")
    run.hold()
    run.says("steered.cancel_run")
    assert (run.cell.task.phase, run.cell.task.reason) == (Phase.ABORTED, "canceled")
    run.wait(".run-acts", state="detached")
    assert [body["act"] for kind, body in run.cell.acts] == [
        "pause_run", "resume_run", "repeat_step", "cancel_run",
    ]  # fmt: skip
    assert {body["operator"] for _, body in run.cell.acts} == {"bo"}
    assert run.mistakes == []


def test_a_pause_that_waits_for_a_safe_place_is_told_so_and_can_be_taken_back(run):
    run.sign_in("bo")
    run.tap("pause_run")
    run.wait(f'.task .facts:has-text("{ENGLISH["phase.pausing"]}")')
    assert run.cell.task.phase is Phase.RUNNING
    run.tap("resume_run")
    run.wait(f'.task .facts:has-text("{ENGLISH["phase.running"]}")')
    assert not run.cell.task.pausing


def test_a_supervisor_skips_a_step_but_not_where_only_an_answer_leads_on(run):
    run.sign_in("an")
    run.tap("skip_step")
    assert run.cell.acts == [], "a tap only arms it"
    run.hold()
    run.says("steered.skip_step")
    run.step(0, ENGLISH["progress.passed"])
    assert run.steps() == ["passed", "now", "next", "next"]
    run.cell.until("check")
    run.wait(".instruction")
    run.tap("skip_step")
    run.hold()
    run.refused("needs_answer")
    run.wait(f'.question .act:has-text("{ENGLISH["option.refuse"]}"):enabled').click()
    run.wait(f'.task .facts:has-text("{ENGLISH["phase.held"]}")')
    run.tap("pause_run")
    run.refused("held")


def test_what_is_armed_is_left_by_a_tap_or_by_letting_go_or_when_the_step_is_over(run):
    run.sign_in("an")
    run.tap("skip_step")
    run.wait(".armed .leave").click()
    run.says("run.left")
    run.tap("skip_step")
    box = run.wait(".armed .hold:enabled").bounding_box()
    run.press_at(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    run.page.wait_for_timeout(HOLD_MS / 3)
    run.page.mouse.up()
    run.says("run.let_go")
    run.tap("skip_step")
    run.wait(".armed .hold:enabled")
    run.cell.until("show")
    run.says("refusal.stale_version")
    assert run.cell.acts == []
    run.served.end()
    kinds = [kind for kind, _ in run.served.audited]
    assert (kinds.count("armed"), kinds.count("canceled")) == (3, 3)


def test_a_supervisor_turns_a_level_down_at_once_and_up_only_between_runs_with_the_pin(run):
    run.sign_in("an")
    run.cell.until("check")
    run.wait(".plan-steps > li:nth-child(4) .to-level").click()
    level = ".levels .level:has-text('{}')"
    asks, itself = (level.format(ENGLISH[f"level.{name}"]) for name in ("confirm", "auto"))
    assert run.page.locator(itself).is_disabled(), "it is so already"
    run.wait(asks).click()
    run.hold()
    run.says("steered.level_down")
    run.step(3, ENGLISH["level.lowered"].format(level=ENGLISH["level.auto"]))
    assert run.cell.task.levels[0].automation == "confirm"

    run.wait(f"{itself}:enabled").click()
    run.refused("run_active")
    assert len(run.cell.acts) == 1
    run.cell.state["ages"] = {**STATE["ages"]}
    run.wait('.question .act:has-text("Scrap"):enabled').click()
    run.wait(f'.task .facts:has-text("{ENGLISH["phase.done"]}")')
    run.wait(f"{itself}:enabled").click()
    run.give_pin()
    run.hold()
    run.says("steered.level_up")
    assert run.cell.task.levels == ()
    told = [data["act"] for kind, data in run.served.audited if kind == "run_act"]
    assert told == ["level_down", "level_up"]

    run.wait(".all-levels .to-level").click()
    run.wait(level.format(ENGLISH["level.manual"])).click()
    run.hold()
    run.says("steered.level_down")
    assert {one.automation for one in run.cell.task.levels} == {"manual"}


def test_with_the_keyboard_alone(run):
    run.sign_in("an")
    keys = run.page.keyboard
    run.wait(".pause_run:enabled").focus()
    keys.press("Enter")
    run.wait(".resume_run:enabled").focus()
    keys.press("Enter")
    run.wait(".pause_run:enabled")
    run.page.locator(".skip_step").focus()
    keys.press("Enter")
    run.wait(".armed .hold:enabled")
    while not run.page.evaluate("document.activeElement.matches('.armed .hold')"):
        keys.press("Tab")
    keys.down("Enter")
    run.page.wait_for_timeout(1.5 * HOLD_MS)
    keys.up("Enter")
    assert [body["act"] for _, body in run.cell.acts] == ["pause_run", "resume_run"], "Enter never"
    keys.down(" ")
    run.says("steered.skip_step")
    keys.up(" ")
    run.cell.until("check")
    run.wait(".picture").focus()
    keys.press("Enter")
    run.wait(".large-picture:focus")
    keys.press("Escape")
    run.wait(".large-picture", state="detached")
    run.wait(".picture:focus")
    run.page.locator(".plan-steps .to-level").first.focus()
    keys.press("Enter")
    run.wait(".levels .level:enabled").focus()
    keys.press("Enter")
    run.wait(".armed .hold:enabled").focus()
    keys.down(" ")
    run.says("steered.level_down")
    keys.up(" ")


@pytest.mark.parametrize("language", ["en", "vi"])
def test_targets_are_large_apart_and_inside_the_screen(run, language):
    run.sign_in("an")
    run.cell.until("check")
    run.wait(f'nav button[lang="{language}"]').click()
    for width, height in SIZES:
        run.page.set_viewport_size({"width": width, "height": height})
        run.wait(".picture")
        run.tap("cancel_run")
        run.wait(".armed .hold:enabled")
        if run.page.locator(".levels").count() == 0:
            run.page.locator(".all-levels .to-level").click()
        for selector, least_px in (
            (".run-act, .armed .hold, .armed .leave", SAFETY_PX),
            (".to-level, .level, .picture", CONTROL_PX),
        ):
            boxes = run.boxes(selector)
            assert boxes
            assert all(min(box["width"], box["height"]) >= least_px for box in boxes), selector
            assert all(b["x"] >= 0 and b["x"] + b["width"] <= width for b in boxes), selector
        apart_px = GAP_PX if width > 560 else 10
        inside = run.boxes(".run-act")
        assert all(gap(a, b) >= apart_px for a, b in itertools.combinations(inside, 2))
        assert gap(run.box(".armed .hold"), run.box(".armed .leave")) >= APART_PX
        needed_px = run.page.evaluate("document.documentElement.scrollWidth")
        assert needed_px <= width, "nothing has to be shifted sideways"
        run.page.locator(".leave").click()


@pytest.mark.parametrize("size", SIZES)
def test_words_and_picture_are_large_in_the_persons_language_and_larger_by_a_tap(run, size):
    run.sign_in("bo")
    run.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    run.cell.until("check")
    run.wait('nav button[lang="vi"]').click()
    run.wait('.instruction:has-text("Không được sờ thấy ba via")')
    font = run.page.evaluate(
        "getComputedStyle(document.querySelector('.instruction .step')).fontSize"
    )
    assert float(font.removesuffix("px")) >= READABLE_PX
    small = run.box(".picture img")
    assert small["width"] >= ARMS_LENGTH_PX
    run.page.locator(".picture").click()
    run.wait(".large-picture img")
    assert run.box(".large-picture img")["width"] >= small["width"]
    stop, large = run.box(".stop-request"), run.box(".large-picture")
    assert stop["y"] >= large["y"] + large["height"], "the stop request stays in sight"
    run.page.locator(".large-picture .close").click()
    run.wait(".large-picture", state="detached")
    assert run.mistakes == []


def test_an_instruction_in_another_language_only_is_shown_under_the_words_of_this_one(run):
    run.sign_in("bo")
    run.cell.until("check")
    run.wait(".instruction")
    task = run.cell.state["task"]
    run.cell.state["task"] = {
        **task, "texts": [one for one in task["texts"] if one["language"] == "vi"],
    }  # fmt: skip
    run.wait('.instruction p[lang="vi"]')
    assert ENGLISH["step.check"] in run.page.inner_text(".instruction")
    assert run.page.locator(".picture img").count() == 1


def test_a_picture_that_cannot_be_had_is_told_so(run):
    (run.served.recipes / "burr.png").unlink()
    run.cell.until("check")
    run.sign_in("bo")
    run.wait(f'.instruction:has-text("{ENGLISH["instruction.no_picture"]}")')
    assert RECIPE_TEXT in run.page.inner_text(".instruction")


@pytest.mark.req("S2")
def test_on_old_data_the_run_is_paused_and_given_up_but_does_not_go_on(run):
    run.sign_in("an")
    run.wait(".skip_step:enabled")
    run.cell.state["ages"] = {**STATE["ages"], "permit_s": 2.0}
    run.wait(".skip_step:disabled")
    assert run.page.locator(".repeat_step").is_disabled()
    run.tap("pause_run")
    run.says("steered.pause_run")
    run.wait(".resume_run:disabled")
    run.tap("cancel_run")
    run.hold()
    run.says("steered.cancel_run")


def test_who_is_not_signed_in_sees_the_steps_and_steers_nothing(run):
    run.open()
    run.wait(".plan-steps .is-now")
    assert run.page.locator(".run-act, .to-level, .problems").count() == 0


@pytest.mark.parametrize("language", ["en", "vi"])
def test_every_refusal_of_the_cell_is_told_in_words(shown, language):
    shown.page.add_init_script(f"localStorage.setItem('language', '{language}')")
    page, texts = shown.open(), {"en": ENGLISH, "vi": VIETNAMESE}[language]
    for reason in ("handoff", "held", "needs_answer", "paused", "no_run", "inactive", "journal"):
        page.cell.reply = {"accepted": False, "reason": reason}
        page.wait(".repeat_step:enabled").click()
        said = texts["run.refused"].format(reason=texts[f"refusal.{reason}"])
        page.wait(f'.task .told:has-text("{said}")')
    page.cell.silent = True
    page.page.locator(".repeat_step").click()
    page.wait(f'.task .told:has-text("{texts["run.unknown"]}")')


def test_what_is_wrong_with_a_recipe_is_shown_to_those_who_lead(run):
    wrong = ["bolts.yaml: steps[0].poses: 'up': no such pose under robot.poses of cell.yaml"]
    run.cell.state["recipes"] = {"refused": "bolts", "problems": wrong}
    run.sign_in("bo")
    run.wait(".task")
    assert run.page.locator(".problems").count() == 0
    run.page.locator(".who").click()
    run.wait('.people button:has-text("an")').click()
    run.give_pin()
    run.wait(f'.problems h3:has-text("{ENGLISH["recipes.refused"].format(recipe="bolts")}")')
    assert wrong[0] in run.page.inner_text(".problems")
    run.cell.state["recipes"] = None
    run.wait(".problems", state="detached")
