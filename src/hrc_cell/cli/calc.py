"""`hrc-cell calc`: the formulas of the standards at commissioning, offline."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from typing import Any

from hrc_cell.cli import calculations
from hrc_cell.core.iso13855 import APPROACHES, EDITIONS, OutOfRangeError
from hrc_cell.settings.contact import REGIONS

EXIT_WRONG_INPUT = 2
TIME_MAX_S = 60.0  # what is above any of these is a number in the wrong unit
SPEED_MAX_MPS = 20.0
LENGTH_MAX_M = 100.0
LENGTH_MAX_MM = 100000.0
DECELERATION_MAX_MPS2 = 1000.0
MASS_MIN_KG, MASS_MAX_KG = 0.01, 10000.0
AREA_MAX_CM2 = 1000.0


def number(
    unit: str, high: float, *, low: float = 0.0, above: bool = False
) -> Callable[[str], float]:
    """Return a `type=` for numbers of a unit from `low` (or above it) to `high`."""
    bound = f"a number {'above' if above else 'of'} {low:g}"
    bound += f" and at most {high:g} {unit}" if above else f" to {high:g} {unit}"

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or (above and value == low):
            raise argparse.ArgumentTypeError(f"{text} {unit}: must be {bound}")
        return value

    return read


TIME = number("s", TIME_MAX_S)
SPEED = number("m/s", SPEED_MAX_MPS)
LENGTH = number("m", LENGTH_MAX_M)
LENGTH_MM = number("mm", LENGTH_MAX_MM)


def add_parser(subparsers: Any) -> None:
    """Add `calc` and its four calculations."""
    parser = subparsers.add_parser(
        "calc",
        help="compute separation distances and permitted speeds",
        epilog="example: hrc-cell calc iso13855 --total-time 0.6 --constant 850",
    )
    acts = parser.add_subparsers(title="calculations", metavar="WHAT", required=True)
    _add_iso13855(acts)
    _add_ssm(acts)
    _add_ssm_speed(acts)
    _add_pfl(acts)


def _add_iso13855(acts: Any) -> None:
    parser = _add(
        acts, "iso13855", _iso13855, "how far from the danger a protective device must be",
        "--total-time 0.6 --constant 850\n"
        "  hrc-cell calc iso13855 --total-time 0.12 --resolution 14\n"
        "  hrc-cell calc iso13855 --total-time 0.4 --approach 3d --height 1200",
    )  # fmt: skip
    parser.add_argument("--total-time", type=number("s", TIME_MAX_S, above=True), required=True,
                        metavar="S", help="T, detection to standstill, s")  # fmt: skip
    parser.add_argument("--approach", choices=APPROACHES, default="perpendicular")
    parser.add_argument("--edition", choices=EDITIONS, help="2010, but 2024 for 3d")
    parser.add_argument("--resolution", type=number("mm", LENGTH_MAX_MM, above=True),
                        metavar="MM", help="d of the device, mm")  # fmt: skip
    parser.add_argument("--height", type=LENGTH_MM, metavar="MM",
                        help="H of the detection zone over the floor, mm")  # fmt: skip
    parser.add_argument("--constant", type=LENGTH_MM, metavar="MM",
                        help="C or D_DS, mm, in place of resolution and height")  # fmt: skip
    parser.add_argument("--supplement", type=LENGTH_MM, default=0.0, metavar="MM",
                        help="Z, what the device's maker adds, mm (0)")  # fmt: skip
    parser.add_argument("--speed", type=number("m/s", SPEED_MAX_MPS, above=True),
                        metavar="M/S", help="K, m/s, in place of the rule's")  # fmt: skip


def _add_ssm(acts: Any) -> None:
    parser = _add(
        acts, "ssm", _ssm, "protective separation distance of a moving robot, term by term",
        "--human-speed 1.6 --robot-speed 0.5 --reaction-time 0.1 --stopping-time 0.2 "
        "--stopping-distance 0.05 --intrusion 0.85 --human-uncertainty 0.05 "
        "--robot-uncertainty 0.02",
    )  # fmt: skip
    for name, kind, text, unit in (
        ("--human-speed", SPEED, "v_h, of the person", "m/s"),
        ("--robot-speed", SPEED, "v_r, towards the person; 0 where the robot retreats", "m/s"),
        ("--reaction-time", TIME, "T_r, from the sensor's sample to braking", "s"),
        ("--stopping-time", TIME, "T_s, from braking to standstill", "s"),
        ("--intrusion", LENGTH, "C, reach past what the sensor sees", "m"),
        ("--human-uncertainty", LENGTH, "Z_d, of the person's position", "m"),
        ("--robot-uncertainty", LENGTH, "Z_r, of the robot's position", "m"),
    ):
        _required(parser, name, kind, text, unit)
    parser.add_argument("--stopping-distance", type=LENGTH, metavar="M",
                        help="S_s, m; without it v_r T_s counts")  # fmt: skip


def _add_ssm_speed(acts: Any) -> None:
    parser = _add(
        acts, "ssm-speed", _ssm_speed, "greatest robot speed at a distance from a person",
        "--distance 1.0 --deceleration 2.5 --reaction-time 0.1 --human-speed 1.6 --constant 0.3",
    )  # fmt: skip
    deceleration = number("m/s2", DECELERATION_MAX_MPS2, above=True)
    for name, kind, text, unit in (
        ("--distance", LENGTH, "d, between person and robot", "m"),
        ("--deceleration", deceleration, "a, of the robot", "m/s2"),
        ("--reaction-time", TIME, "T_r, from the sensor's sample to braking", "s"),
        ("--human-speed", SPEED, "v_h, of the person", "m/s"),
        ("--constant", LENGTH, "C' = C + Z_d + Z_r", "m"),
    ):
        _required(parser, name, kind, text, unit)


def _add_pfl(acts: Any) -> None:
    parser = _add(
        acts, "pfl", _pfl, "greatest speed of contact with a part of the body",
        "--region hand --mass 16 --payload 2 --contact transient",
        f"regions: {', '.join(REGIONS)};\nor a body location, such as palm_d or sternum\n",
    )  # fmt: skip
    parser.add_argument("--region", required=True, help="part of the body; unknown: the lowest")
    mass = number("kg", MASS_MAX_KG, low=MASS_MIN_KG)
    _required(parser, "--mass", mass, "M, of the moving parts of the arm; half counts", "kg")
    _required(parser, "--payload", number("kg", MASS_MAX_KG), "m_L, of tool and part", "kg")
    parser.add_argument("--contact", required=True, choices=("transient", "quasi-static"),
                        help="quasi-static: somebody may be clamped")  # fmt: skip
    parser.add_argument("--area", type=number("cm2", AREA_MAX_CM2, above=True), metavar="CM2",
                        help="smallest area that touches, cm2; without it only the force "
                        "counts")  # fmt: skip


def _add(
    acts: Any,
    name: str,
    compute: Callable[[argparse.Namespace], calculations.Result],
    text: str,
    example: str,
    more: str = "",
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = acts.add_parser(
        name, help=text, description=text, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"{more}examples:\n  hrc-cell calc {name} {example}", allow_abbrev=False,
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run, compute=compute, prog=parser.prog)
    return parser


def _required(
    parser: argparse.ArgumentParser,
    name: str,
    kind: Callable[[str], float],
    text: str,
    unit: str,
) -> None:
    parser.add_argument(
        name, type=kind, required=True, metavar=unit.upper(), help=f"{text}, {unit}"
    )


def run(args: argparse.Namespace) -> int:
    """Compute and print. Returns 0, or 2 for what the formula says nothing about."""
    try:
        result = args.compute(args)
    except OutOfRangeError as error:
        print(f"{args.prog}: error: --{error.key.replace('_', '-')}: {error.what}", file=sys.stderr)
        return EXIT_WRONG_INPUT
    if args.json:
        print(json.dumps(result.as_json(), indent=2, allow_nan=False))
    else:
        print(result.as_text())
    return 0


def _iso13855(args: argparse.Namespace) -> calculations.Result:
    return calculations.iso13855_result(
        args.total_time,
        approach=args.approach,
        edition=args.edition,
        resolution_mm=args.resolution,
        height_mm=args.height,
        constant_mm=args.constant,
        supplement_mm=args.supplement,
        speed_mps=args.speed,
    )


def _ssm(args: argparse.Namespace) -> calculations.Result:
    return calculations.ssm_result(
        human_speed_mps=args.human_speed,
        robot_speed_mps=args.robot_speed,
        reaction_time_s=args.reaction_time,
        stopping_time_s=args.stopping_time,
        stopping_distance_m=args.stopping_distance,
        intrusion_m=args.intrusion,
        human_uncertainty_m=args.human_uncertainty,
        robot_uncertainty_m=args.robot_uncertainty,
    )


def _ssm_speed(args: argparse.Namespace) -> calculations.Result:
    return calculations.ssm_speed_result(
        distance_m=args.distance,
        deceleration_mps2=args.deceleration,
        reaction_time_s=args.reaction_time,
        human_speed_mps=args.human_speed,
        constant_m=args.constant,
    )


def _pfl(args: argparse.Namespace) -> calculations.Result:
    try:
        return calculations.pfl_result(
            region=args.region,
            mass_kg=args.mass,
            payload_kg=args.payload,
            contact_kind=args.contact,
            area_cm2=args.area,
        )
    except ValueError as error:  # the numbers are in range: the head
        raise OutOfRangeError("region", str(error)) from error
