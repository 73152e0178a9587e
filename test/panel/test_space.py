"""The view in space in a real browser: what is drawn stands where the cell's own kinematics say."""

import json
from copy import deepcopy

import numpy as np
import pytest

from hrc_cell.core.kinematics import capsules_at, forward, tool_pose
from panel.browser import ARGUMENTS, CHROMIUM, ENGLISH, LANDSCAPE, PHONE, PORTRAIT, Shown
from panel.scripted import DESCRIPTION, MODEL, STATE, ScriptedCell, served

CHAIN = DESCRIPTION.chain
CONTROL_PX = 94
IN_SPACE = "import('/static/space.js').then((part) => JSON.stringify(part.inSpace()))"
TOP = MODEL["person_height"]
COUNTED = """(() => {
  window.live = {};
  for (const what of ["Buffer", "VertexArray", "Program"]) {
    window.live[what] = 0;
    const own = WebGL2RenderingContext.prototype;
    const [make, end] = [own[`create${what}`], own[`delete${what}`]];
    own[`create${what}`] = function () {
      window.live[what] += 1;
      return make.call(this);
    };
    own[`delete${what}`] = function (one) {
      window.live[what] -= one ? 1 : 0;
      end.call(this, one);
    };
  }
  window.drawn = 0;
  const clear = WebGL2RenderingContext.prototype.clear;
  WebGL2RenderingContext.prototype.clear = function (bits) {
    window.drawn += 1;
    clear.call(this, bits);
  };
  window.contexts = [];
  const get = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (...given) {
    const found = get.apply(this, given);
    if (found && given[0].startsWith("webgl")) window.contexts.push(found);
    return found;
  };
})()"""

FRAMES = """new Promise((done) => {
  let left = 30;
  const next = () => ((left -= 1) > 0 ? requestAnimationFrame(next) : done());
  next();
})"""


@pytest.fixture(scope="module")
def drawing():
    """One browser with WebGL in software, and one page in it with the view open."""
    tool = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium: apt install chromium")
    more = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with tool.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])
        cell = ScriptedCell()
        cell.facts["zones"][0]["band"] = (0.4, 1.1)
        with served(cell) as (url, end_server):
            context = browser.new_context(
                viewport=dict(zip(("width", "height"), LANDSCAPE, strict=True))
            )
            context.add_init_script(COUNTED)
            page = Shown(cell, url, end_server, context.new_page()).open()
            page.browser = browser
            yield page
            context.close()
        browser.close()


@pytest.fixture
def space(drawing):
    """The view, open, over a cell as it always begins."""
    drawing.cell.state.update(deepcopy(STATE))
    drawing.page.set_viewport_size(dict(zip(("width", "height"), LANDSCAPE, strict=True)))
    if drawing.page.locator(".space").count() == 0:
        drawing.wait(".to-space .drawer").click()
    drawing.wait(".space-frame .person-at")
    drawing.wait(".space-frame:not(.old)")
    return drawing


def in_space(page):
    return json.loads(page.page.evaluate(IN_SPACE))


def until(page, true):
    """Wait until what stands in space is as it should be; return it."""
    for _ in range(300):
        found = in_space(page)
        if found and true(found):
            return found
        page.page.wait_for_timeout(50)
    raise AssertionError(found)


def at(found, link):
    """Return the pose of a link in space: three.js writes it column by column."""
    return np.array(found["links"][link]).reshape(4, 4).T


def pose(page, angles):
    """Let the cell tell these angles; return what is drawn once the tool is drawn elsewhere."""
    before = at(in_space(page), "tool0")
    page.cell.state["scene"] = {**STATE["scene"], "angles": angles}
    return until(page, lambda found: not np.allclose(at(found, "tool0"), before, atol=1e-6))


@pytest.mark.parametrize("scale", [0.3, -0.9])
def test_every_link_is_drawn_where_kinematics_say(space, scale):
    q = scale * np.array([0.9, -0.7, 1.1, 0.5, -0.8, 1.3])
    found = pose(space, {**dict(zip(CHAIN.joints, q.tolist(), strict=True)), "gripper": 0.4})
    for index, frame in enumerate(forward(CHAIN, q)[1:], start=1):
        assert np.allclose(at(found, f"link_{index}"), frame, atol=2e-5), index
    assert np.allclose(at(found, "tool0"), tool_pose(CHAIN, q), atol=2e-5)
    x, y, z = tool_pose(CHAIN, q)[:3, 3]
    said = ENGLISH["space.tool"].format(x=f"{x:.2f}", y=f"{y:.2f}", z=f"{z:.2f}")
    space.wait(f'.tool:text-is("{said}")')


def test_the_fingers_open_as_the_gripper_turns(space):
    angles = STATE["scene"]["angles"]
    shut = pose(space, {**angles, "joint_1": 0.0, "gripper": 0.0})
    space.cell.state["scene"] = {
        **STATE["scene"],
        "angles": {**angles, "joint_1": 0.0, "gripper": 0.5},
    }
    wide = until(space, lambda found: found["links"]["finger_left"] != shut["links"]["finger_left"])
    for side, sign in (("left", -1.0), ("right", 1.0)):
        turned = np.linalg.inv(at(shut, f"finger_{side}")) @ at(wide, f"finger_{side}")
        assert np.isclose(np.arctan2(turned[2, 1], turned[1, 1]), sign * 0.5, atol=1e-4)


def test_the_shells_are_the_capsules_that_the_monitor_judges_by():
    q = np.array([0.3, 0.5, -0.4, 0.8, 0.2, -0.6])
    frames = {f"link_{i}": frame for i, frame in enumerate(forward(CHAIN, q))}
    starts, ends = capsules_at(CHAIN, q)
    for k, one in enumerate(MODEL["capsules"]):
        start, end = (frames[one["link"]] @ [*one[name], 1.0] for name in ("start", "end"))
        assert one["name"] == CHAIN.capsule_names[k]
        assert np.allclose([start[:3], end[:3]], [starts[k], ends[k]], atol=1e-5)
        assert np.isclose(one["radius"], CHAIN.capsule_radius_m[k], atol=1e-5)


def test_people_appear_where_they_are_told_and_go_when_they_are_gone(space):
    two = [
        {"id": 1, "from": [1.5, -0.4, 0.0], "to": [1.5, -0.4, TOP], "r": 0.42},
        {"id": 7, "from": [0.2, 1.1, 0.9], "to": [0.6, 1.0, 1.2], "r": 0.08},
    ]
    space.cell.state["scene"] = {**STATE["scene"], "people": two}
    found = until(space, lambda found: len(found["people"]) == 2)
    tops = {one["id"]: one["top"] for one in found["people"]}
    assert np.allclose(tops[1], [1.5, -0.4, TOP + 0.42])
    assert np.allclose(tops[7], [0.6, 1.0, 1.28])
    assert {one["id"]: one["sure"] for one in found["people"]} == {1: True, 7: False}
    space.wait('.space-frame .person-at:text-is("7 ?")')
    space.cell.state["scene"] = {**STATE["scene"], "people": []}
    until(space, lambda found: found["people"] == [])


@pytest.mark.req("S2")
def test_who_is_at_an_unknown_place_is_named_and_not_drawn(space):
    lost = {"id": 4, "from": [None, None, 0.0], "to": [None, None, TOP], "r": None}
    space.cell.state["scene"] = {**STATE["scene"], "people": [*STATE["scene"]["people"], lost]}
    space.wait(f'.space .stale-note:has-text("{ENGLISH["space.nowhere"].format(human=4)}")')
    assert [one["id"] for one in in_space(space)["people"]] == [1]


def test_the_pair_that_binds_has_its_line_with_both_numbers(space):
    space.wait('.space-frame .apart:text-is("1.42 m")')
    space.wait('.space-frame .needed:text-is("1.56 m needed")')
    assert "1.42 m apart, 1.56 m needed" in space.page.inner_text(".space")
    space.cell.state["scene"] = {**STATE["scene"], "pair": None}
    space.wait(".space-frame .apart", state="detached")


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("whose", "key"), [("humans_s", "plan.humans_old"), ("motors_s", "plan.arm_old")]
)
def test_old_data_are_marked_and_no_line_is_drawn_between_them(space, whose, key):
    space.cell.state["ages"] = {**STATE["ages"], whose: 9.0}
    space.wait(".space-frame.old")
    space.wait(f'.space .stale-note:has-text("{ENGLISH[key]}")')
    space.wait(".space-frame .apart", state="detached")
    assert space.page.locator(".space .tool").count() == (0 if whose == "motors_s" else 1)


@pytest.mark.req("S2")
def test_an_arm_of_unknown_angles_is_not_drawn_and_said_so(space):
    angles = {**STATE["scene"]["angles"], "joint_3": None}
    space.cell.state["scene"] = {**STATE["scene"], "angles": angles, "pair": None}
    space.wait(f'.space .stale-note:has-text("{ENGLISH["space.no_arm"]}")')
    assert space.page.locator(".space .tool").count() == 0


def test_nothing_is_drawn_while_nothing_is_told(space):
    space.page.evaluate(FRAMES)
    drawn = space.page.evaluate("window.drawn")
    space.page.evaluate(FRAMES)
    assert space.page.evaluate("window.drawn") == drawn
    space.page.locator(".turns .left").click()
    space.until(f"window.drawn > {drawn}")


def test_zones_stand_on_their_area_between_their_heights(space):
    boxes = in_space(space)["zones"]
    for zone in space.cell.facts["zones"]:
        low, high = np.array(boxes[zone["name"]])
        if zone["circle"]:
            x, y, radius = zone["circle"]
            area = np.array([[x - radius, y - radius], [x + radius, y + radius]])
        else:
            area = np.array([np.min(zone["polygon"], axis=0), np.max(zone["polygon"], axis=0)])
        assert np.allclose([low[:2], high[:2]], area, atol=0.01), zone["name"]
        assert np.allclose([low[2], high[2]], zone["band"] or [0.0, TOP]), zone["name"]


@pytest.mark.parametrize("how", ["keys", "controls"])
def test_the_view_turns_without_a_drag_and_comes_back(space, how):
    where = "import('/static/space.js').then((part) => JSON.stringify(part.inSpace().words))"
    space.wait(".turns .reset").click()
    began = until(space, lambda found: found["words"])["words"]
    if how == "keys":
        space.page.locator(".space-frame canvas").focus()
    for key, name in (("ArrowLeft", "left"), ("ArrowUp", "up"), ("+", "nearer")):
        before = space.page.evaluate(where)
        if how == "keys":
            space.page.keyboard.press(key)
        else:
            space.page.locator(f".turns .{name}").click()
        until(
            space,
            lambda found, before=before: (
                json.dumps(found["words"]) != json.dumps(json.loads(before))
            ),
        )
    space.page.keyboard.press("Home") if how == "keys" else space.page.locator(
        ".turns .reset"
    ).click()
    until(
        space,
        lambda found: np.allclose(
            [w["at"] for w in found["words"]], [w["at"] for w in began], atol=0.1
        ),
    )


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, PHONE, (360, 740), (1920, 1080)])
def test_controls_are_large_and_state_and_stop_request_stay_in_sight(space, size):
    space.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    for one in space.page.locator(".turns button, .space .close").all():
        box = one.bounding_box()
        assert min(box["width"], box["height"]) >= CONTROL_PX
    assert space.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert space.box(".space-frame")["height"] >= 200
    space.page.locator(".stop-request").first.click(trial=True)


def test_closed_it_gives_its_memory_back_however_often(space):
    for _ in range(3):
        space.page.keyboard.press("Escape")
        space.wait(".space", state="detached")
        space.wait(".to-space .drawer").click()
        space.wait(".space-frame .person-at")
    space.wait(".space .close").click()
    space.wait(".space", state="detached")
    space.until(
        "window.contexts.length >= 4 && window.contexts.every((one) => one.isContextLost())"
    )
    live = space.page.evaluate("window.live")
    assert live["Buffer"] == live["VertexArray"] == live["Program"] == 0, live
    assert space.page.evaluate("import('/static/space.js').then((part) => part.inSpace())") is None
    assert (
        space.page.evaluate("document.querySelector('.to-space .drawer').ariaExpanded") == "false"
    )


def test_nothing_went_wrong_and_nothing_came_from_elsewhere(space):
    assert space.mistakes == []
    assert all(one.startswith((space.url, "data:", "blob:")) for one in space.requests)


def test_a_browser_without_webgl_gets_a_sentence(drawing):
    with served(ScriptedCell()) as (url, end_server):
        context = drawing.browser.new_context()
        context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        page = Shown(None, url, end_server, context.new_page()).open()
        assert not any("three" in one or "space.js" in one for one in page.requests)
        page.wait(".to-space .drawer").click()
        page.wait(f'.space [role=alert]:has-text("{ENGLISH["space.no_webgl"]}")')
        assert page.page.locator(".space canvas").count() == 0
        context.close()
