"""The judgement once more, plainly: one cell, one pair, one pose after the other.

Written from what the docstrings of core promise, slowly and in loops, for comparing. Only the
geometry of segments, the kinematics and the stop model are taken from core; they have tests of
their own.
"""

import math

import numpy as np

from hrc_cell.core.contact import UNKNOWN, contact_speed_mps, region_code
from hrc_cell.core.geometry import nearest_points, nearest_ratios
from hrc_cell.core.kinematics import capsule_motion
from hrc_cell.core.stopping import ratio_of
from hrc_cell.core.sweep import ARC, CORNER_SLACK, RATIOS, SPEED_SLACK, TURN_MAX_RAD, sweep


def lines_of(ahead):
    """Return the seconds of each line of a path, and when each waypoint is reached."""
    lines_s = [1.0 / speed if speed > 1e-6 else 1e6 for speed in ahead.line_speed_ratio_ps]
    return lines_s, [sum(lines_s[:i]) for i in range(len(lines_s) + 1)]


def told(ahead):
    """Return where on the path the executor says that the arm is; None where that cannot be."""
    lines_s, begins_s = lines_of(ahead)
    if not (0 <= ahead.line < len(lines_s) and 0.0 <= ahead.line_ratio <= 1.0):
        return None
    return begins_s[ahead.line] + ahead.line_ratio * lines_s[ahead.line]


def nearest(ahead, q):
    """Return way, point and distances of the nearest point of the line told and the one before."""
    lines_s, begins_s = lines_of(ahead)
    best = None
    for line in (int(ahead.line), int(ahead.line) - 1):
        line = min(max(line, 0), len(lines_s) - 1)
        start, way = ahead.waypoints_rad[line], np.diff(ahead.waypoints_rad, axis=0)[line]
        part = float((q - start) @ way / (way @ way)) if way @ way > 0.0 else 0.0
        part = min(max(part, 0.0), 1.0)
        point = start + part * way
        off = np.abs(q - point)
        if best is None or off.max() < best[2].max():
            best = begins_s[line] + part * lines_s[line], point, off
    return best


def pose(ahead, way_s):
    """Return the joints, their velocity at ratio 1 and the line at one way along the path."""
    lines_s, begins_s = lines_of(ahead)
    way_s = min(max(way_s, 0.0), begins_s[-1])
    line = max(i for i in range(len(lines_s)) if i == 0 or way_s >= begins_s[i])
    start, end = ahead.waypoints_rad[line], ahead.waypoints_rad[line + 1]
    part = min((way_s - begins_s[line]) / lines_s[line], 1.0)
    return start + part * (end - start), (end - start) / lines_s[line], line


def fastest(ahead, from_s, to_s):
    """Return the greatest planned speed of each joint on the lines between two ways."""
    lines_s, begins_s = lines_of(ahead)
    greatest = np.zeros(ahead.waypoints_rad.shape[-1])
    for i, line_s in enumerate(lines_s):
        if begins_s[i + 1] >= from_s and begins_s[i] <= to_s:
            speed = np.abs(ahead.waypoints_rad[i + 1] - ahead.waypoints_rad[i]) / line_s
            greatest = np.maximum(greatest, speed)
    return greatest


def swept(chain, stops, *, safety, motion, q, qd, ahead, load_kg, ratio_before):
    """Return the fields of the sweep of one cell by name."""
    at = told(ahead) if ahead is not None else None
    horizon_s = safety.reaction_time_s + safety.lease_s + safety.stopping_time_s
    near_s, on_path, off = nearest(ahead, q) if ahead is not None else (0.0, q, q * 0.0)
    followed = bool(
        at is not None and ahead.followed and 0.0 <= ahead.age_s <= safety.joints_timeout_s
        and off.max() <= motion.corridor_rad
    )  # fmt: skip
    if not followed:
        at, near_s = 0.0, 0.0
    first_s = min(near_s, at)
    full = np.array(motion.velocity_max_radps)
    if followed:
        full = fastest(ahead, first_s, at + horizon_s)
    load = np.array([load_kg])
    way_s, stopping_s = [0.0], []
    for ratio in RATIOS:
        speeds = np.atleast_2d(ratio * full)
        stopping_s.append(float(stops.time_s(speeds, load)[0]))
        reach = ratio * (safety.reaction_time_s + safety.lease_s + stops.way_s(speeds, load)[0])
        late = max(ratio_before - ratio, 0.0) * float(ahead.age_s) if followed else 0.0
        way_s.append(max(way_s[-1], float(reach + late)))
    looked_s = [at + (way if math.isfinite(way) else horizon_s) for way in way_s]
    looked_s[0] = first_s
    expected = {
        "way_s": way_s, "stopping_s": stopping_s, "joint_speed_radps": full,
        "now_stopping_s": stops.time_s(np.atleast_2d(np.abs(qd)), load)[0],
        "now_way_s": stops.way_s(np.atleast_2d(np.abs(qd)), load)[0],
        "from_s": looked_s[0], "to_s": looked_s[-1], "followed": followed,
    }  # fmt: skip
    start, end, v_start, v_end = capsule_motion(chain, q, qd)
    expected |= {"start_m": start, "end_m": end, "v_start_mps": v_start, "v_end_mps": v_end}
    expected["measured_mps"] = np.linalg.norm(np.concatenate([v_start, v_end]), axis=-1).max()
    if followed:
        expected |= _ahead(chain, motion, q, (v_start, v_end), qd, ahead, on_path, looked_s)
    else:
        expected |= {"now_part": 0.0, "point_speed_mps": motion.tcp_speed_max_mps}
    return expected


def _ahead(chain, motion, q, v_now, qd, ahead, on_path, looked_s):
    """Return what holds along a path that is followed."""
    poses = [pose(ahead, way_s) for way_s in looked_s]
    shapes = [capsule_motion(chain, joints, speed) for joints, speed, _ in poses]
    arc, turns, skips = [], False, False
    for i in range(len(RATIOS)):
        (start, end, *_), (start_next, end_next, *_) = shapes[i], shapes[i + 1]
        moved = np.maximum(
            np.linalg.norm(start_next - start, axis=-1), np.linalg.norm(end_next - end, axis=-1)
        )
        same = poses[i][2] == poses[i + 1][2]
        turns |= not same
        skips |= poses[i + 1][2] > poses[i][2] + 1
        if same and np.abs(poses[i + 1][0] - poses[i][0]).sum() <= TURN_MAX_RAD:
            arc.append(ARC * moved)
        else:
            seconds = looked_s[i + 1] - looked_s[i]
            arc.append(np.full(len(moved), SPEED_SLACK * motion.tcp_speed_max_mps * seconds))
    here, there = capsule_motion(chain, q, qd), capsule_motion(chain, on_path, poses[0][1])
    off = np.maximum(*(np.linalg.norm(here[i] - there[i], axis=-1) for i in (0, 1)))
    nominal = poses[0][1]
    part = max(float(qd @ nominal / (nominal @ nominal)), 0.0) if nominal.any() else 0.0
    astray = np.maximum(*(np.linalg.norm(v_now[i] - part * there[2 + i], axis=-1) for i in (0, 1)))
    fastest = max(np.linalg.norm(v, axis=-1).max() for shape in shapes for v in shape[2:])
    fastest *= CORNER_SLACK if turns else SPEED_SLACK
    return {
        "ahead_start_m": [shape[0] for shape in shapes],
        "ahead_end_m": [shape[1] for shape in shapes],
        "arc_m": arc, "off_m": off, "now_part": part, "astray_mps": astray,
        "point_speed_mps": motion.tcp_speed_max_mps if skips
        else min(fastest, motion.tcp_speed_max_mps),
    }  # fmt: skip


def _human_speed(measured_mps, distance_m, safety):
    if not measured_mps >= 0.0 or math.isinf(measured_mps):
        return math.inf
    near = safety.human_speed_near_mps if distance_m < safety.near_distance_m else 0.0
    return max(measured_mps, safety.human_speed_mps, near)


def _least(start, end, radius_m, j, swept, radii, now, motion):
    """Return D for ratio 0 and each of RATIOS, for one capsule of a person and link j."""
    most = motion.tcp_speed_max_mps
    found = []
    gaps = nearest_ratios(start, end, swept.ahead_start_m[:, j], swept.ahead_end_m[:, j])[2]
    gaps = gaps - (radius_m + radii[j])
    for m, way in enumerate(swept.way_s):
        if not swept.followed:
            found.append(now - most * way)
            continue
        here = gaps[m]
        if m > 0:
            here = min(here, (gaps[m - 1] + gaps[m] - swept.arc_m[m - 1, j]) / 2)
        found.append(min(here - swept.off_m[j], found[-1] if found else now))
    return [max(d, 0.0) if math.isfinite(w) else 0.0
            for d, w in zip(found, swept.way_s, strict=True)]  # fmt: skip


def clearance(people, swept, *, radii, safety, motion, qd, back_m, contact_mps):
    """Return ratio, touching, and of each pair: spare, the speeds, S_h, S_r, S_s and what S_p is.

    An unknown of a person: they leave no room at all.
    """
    ratio, own, pairs = 1.0, [], {}
    still = safety.human_uncertainty_m + safety.robot_uncertainty_m
    t_r, way = safety.reaction_time_s, float(swept.now_way_s)
    for i, j in np.ndindex(len(people.radius_m), len(radii)):
        if not people.present[i]:
            continue
        start, end, radius = people.start_m[i], people.end_m[i], people.radius_m[i]
        needed_still = (
            people.intrusion_m[i] + safety.human_sigmas * people.position_std_m[i] + still
        )
        values = [*start, *end, radius, needed_still, people.speed_mps[i]]
        softly = 0.0
        for level in RATIOS:
            if (
                contact_mps[i, j] > 0.0
                and contact_mps[i, j] / max(swept.point_speed_mps, 1e-9) >= level
            ):
                softly = level
        if not np.isfinite(values).all():
            pairs[i, j] = None
            own.append((0.0, False))
            continue

        def allowed(moved, i=i, j=j, start=start, end=end, radius=radius, more=needed_still):
            now = _gap(start + moved, end + moved, swept, j) - radius - radii[j]
            least = _least(start + moved, end + moved, radius, j, swept, radii, now, motion)
            best = 0.0
            for level, distance, t_s in zip(RATIOS, least[1:], swept.stopping_s, strict=True):
                room = distance - back_m
                v_h = _human_speed(people.speed_mps[i], room, safety)
                if not room > v_h * (t_r + safety.lease_s + t_s) + more:
                    break
                best = level
            return best, least, now

        best, least, now = allowed(np.zeros(3))
        distance = max(now, 0.0)
        v_h = _human_speed(people.speed_mps[i], distance, safety)
        v_r = _directed(start, end, swept, j)
        if swept.followed:
            brake = _over(least, swept.way_s, swept.now_part * t_r)
            rest = _over(least, swept.way_s, swept.now_part * (t_r + way))
            brake -= swept.astray_mps[j] * t_r
            rest -= swept.astray_mps[j] * (t_r + way)
        else:
            share = float(ratio_of(qd, motion.velocity_max_radps))
            brake = distance - max(v_r, 0.0) * t_r
            rest = brake - share * motion.tcp_speed_max_mps * way
        terms = [v_h * (t_r + swept.now_stopping_s), distance - brake, brake - rest]
        required = sum(terms) + needed_still
        spare = distance - required if math.isfinite(required) else -math.inf
        pairs[i, j] = distance, v_h, v_r, *terms, required, spare
        softly = 0.0 if spare == -math.inf else softly
        apart = best if spare > 0.0 else 0.0
        own.append((max(apart, softly), softly > apart))
        if safety.foresight_s > 0.0:
            later, _, _ = allowed(
                np.where(np.isfinite(people.velocity_mps[i]), people.velocity_mps[i], 0.0)
                * safety.foresight_s
            )
            ratio = min(ratio, max(later, softly))
    least_own = min([value for value, _ in own], default=1.0)
    touching = any(soft for value, soft in own if value == least_own)
    return min(ratio, least_own), touching, pairs


def _gap(start, end, swept, j):
    return float(nearest_ratios(start, end, swept.start_m[j], swept.end_m[j])[2])


def _directed(start, end, swept, j):
    """Return the speed of link j's faster end towards the person; any where they touch."""
    found = nearest_points(start, end, swept.start_m[j], swept.end_m[j])
    if found.distance_m == 0.0:
        return max(math.hypot(*swept.v_start_mps[j]), math.hypot(*swept.v_end_mps[j]))
    unit = (found.a_m - found.b_m) / found.distance_m
    return max(float(unit @ swept.v_start_mps[j]), float(unit @ swept.v_end_mps[j]))


def _over(least, ways, reach):
    """Return D over a way: that of the shortest looked at that is as long."""
    return min([d for d, way in zip(least, ways, strict=True) if way >= reach][:1],
               default=-math.inf) if math.isfinite(reach) else -math.inf  # fmt: skip


def touches(rules, region, people, swept):
    """Return the speed (p, k) at which each link may touch each part of people."""
    found = np.zeros((len(people.radius_m), len(swept.off_m)))
    if rules.contact is None or not region:
        return found
    code, contact = region_code(region), rules.contact
    for p, k in np.ndindex(*found.shape):
        part = int(people.region[p])
        limits = [
            float(contact_speed_mps(
                one, effective_mass_kg=contact.effective_mass_kg,
                quasi_static=contact.kind == "quasi_static", area_cm2=contact.area_cm2,
            ))
            for one in ([part] if code != UNKNOWN else [part, UNKNOWN])
        ]  # fmt: skip
        heights = [*swept.ahead_start_m[:, k, 2], *swept.ahead_end_m[:, k, 2]]
        beside_m = 0.5 * max(swept.arc_m[:, k]) + swept.off_m[k]
        top_m = max(heights) + beside_m + rules.chain.capsule_radius_m[k]
        named = code == UNKNOWN or part in (UNKNOWN, code)
        if named and swept.followed and top_m < contact.head_low_m:
            found[p, k] = min(limits)
    return found


def looked(rules, ratio_before, seen, people):
    """Return what the room of one cell states, by name; the terms are a list."""
    known = all(
        len(values) == len(rules.chain.joints) and np.isfinite(values).all()
        for values in (seen.position_rad, seen.velocity_radps)
    )
    if not known:
        return {
            "ratio": 0.0, "touching": False, "human_id": 0, "region": UNKNOWN, "link": -1,
            "distance_m": 0.0, "human_speed_mps": math.inf, "robot_speed_mps": math.inf,
            "point_speed_mps": math.inf, "measured_mps": math.inf, "stopping_s": math.inf,
            "followed": False, "terms": [math.inf] * 7,
        }  # fmt: skip
    q, qd = np.array(seen.position_rad), np.array(seen.velocity_radps)
    arm = sweep(
        rules.chain,
        rules.stops,
        safety=rules.safety,
        motion=rules.motion,
        position_rad=q,
        velocity_radps=qd,
        ahead=seen.ahead,
        load_kg=seen.load_kg,
        ratio_before=ratio_before,
    )
    ratio, touching, pairs = clearance(
        people,
        arm,
        radii=rules.chain.capsule_radius_m,
        safety=rules.safety,
        motion=rules.motion,
        qd=qd,
        back_m=rules.safety.resume_margin_m if ratio_before == 0.0 else 0.0,
        contact_mps=touches(rules, seen.contact_region, people, arm),
    )
    told = {
        "ratio": ratio, "touching": touching, "human_id": 0, "region": UNKNOWN, "link": -1,
        "distance_m": math.inf, "human_speed_mps": 0.0, "robot_speed_mps": 0.0,
        "point_speed_mps": arm.point_speed_mps, "stopping_s": arm.now_stopping_s,
        "measured_mps": max(math.hypot(*v) for v in (*arm.v_start_mps, *arm.v_end_mps)),
        "from_s": arm.from_s, "to_s": arm.to_s, "joint_speed_radps": arm.joint_speed_radps,
        "followed": arm.followed, "terms": [0.0] * 7,
    }  # fmt: skip
    if pairs:
        p, k = min(pairs, key=lambda at: -math.inf if pairs[at] is None else pairs[at][-1])
        told |= {"human_id": people.owner[p], "region": people.region[p], "link": k}
        if pairs[p, k] is None:  # nothing is told of who is unknown but that they are too near
            told |= {"distance_m": 0.0}
            del told["human_speed_mps"], told["robot_speed_mps"], told["terms"]
            return told
        distance, v_h, v_r, s_h, s_r, s_s, required, _ = pairs[p, k]
        z_d = (
            rules.safety.human_uncertainty_m + rules.safety.human_sigmas * people.position_std_m[p]
        )
        told |= {
            "distance_m": distance, "human_speed_mps": v_h, "robot_speed_mps": v_r,
            "terms": [s_h, s_r, s_s, people.intrusion_m[p], z_d, rules.safety.robot_uncertainty_m,
                      required],
        }  # fmt: skip
    return told
