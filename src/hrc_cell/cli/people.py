"""`hrc-cell people`: who may do what on the operator page. PINs are asked for on the terminal."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from typing import Any

from hrc_cell.adapters.panel.people import People, PeopleError
from hrc_cell.adapters.panel.secret_file import SecretFileError
from hrc_cell.cli.cell_state import CellState, add_cell_arguments, at_the_cell, cell_state
from hrc_cell.core.access import PIN_DIGITS, Role, pin_problem
from hrc_cell.settings.operation import LANGUAGES
from hrc_cell.settings.schema import CellError

EXIT_NOT_DONE = 1
EXIT_WRONG_INPUT = 2
ROLES = [role.value for role in Role if role is not Role.VIEWER]
MEANS = (
    "roles: operator confirms handoffs; trainer is an operator, in a simulated cell a supervisor; "
    "supervisor also pairs tablets; engineer also does what a supervisor does"
)


def add_parser(subparsers: Any) -> None:
    """Add `people add`, `list`, `remove`, `set-pin` and `set-role`."""
    parser = subparsers.add_parser(
        "people", help="who may do what on the operator page",
        epilog="example: hrc-cell people list",
    )  # fmt: skip
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)

    def act(name: str, help_: str, example: str, run: Callable[..., int]) -> Any:
        one = acts.add_parser(name, help=help_, epilog=f"example: hrc-cell people {example}")
        if name != "list":
            one.add_argument("alias", help="how this person is called; need not be a name")
        add_cell_arguments(one)
        one.set_defaults(run=run)
        return one

    add = act("add", f"add somebody; {MEANS}", "add anna --role supervisor --language en", run_add)
    add.add_argument("--role", choices=ROLES, required=True)
    add.add_argument("--language", choices=LANGUAGES, help="of the page (default: the cell's)")
    act("list", "list everybody", "list", run_list)
    act("remove", "remove somebody; a session of theirs ends", "remove anna", run_remove)
    act("set-pin", "give somebody another PIN; a session of theirs ends", "set-pin anna", run_pin)
    change = act("set-role", "give somebody another role", "set-role anna engineer", run_role)
    change.add_argument("role", choices=ROLES)


def run_add(args: argparse.Namespace) -> int:
    """Add somebody, asking for their PIN."""

    def add(state: CellState, people: People) -> dict[str, str]:
        if args.alias in people.all():
            raise PeopleError(f"there is {args.alias!r} already")
        language = args.language or state.cell.file.panel.language
        people.add(args.alias, Role(args.role), language, _new_pin(args.alias))
        return {"role": args.role}

    return _changed(args, "person_added", add)


def run_remove(args: argparse.Namespace) -> int:
    """Remove somebody."""

    def remove(state: CellState, people: People) -> dict[str, str]:
        people.remove(args.alias)
        return {}

    return _changed(args, "person_removed", remove)


def run_pin(args: argparse.Namespace) -> int:
    """Ask for another PIN."""

    def set_pin(state: CellState, people: People) -> dict[str, str]:
        if args.alias not in people.all():
            raise PeopleError(f"there is no {args.alias!r}")
        people.set_pin(args.alias, _new_pin(args.alias))
        return {}

    return _changed(args, "pin_set", set_pin)


def run_role(args: argparse.Namespace) -> int:
    """Give somebody another role."""

    def set_role(state: CellState, people: People) -> dict[str, str]:
        return {"before": people.set_role(args.alias, Role(args.role)).value, "role": args.role}

    return _changed(args, "role_set", set_role)


def run_list(args: argparse.Namespace) -> int:
    """List everybody. Returns 0, 2 if the files are wrong."""
    try:
        people = People(cell_state(args).state_dir)
        for person in people.all().values():
            print(f"{person.alias}  {person.role.value}  {person.language}")
        if not people.all():
            print(f"nobody yet ({people.path}); begin with a supervisor: hrc-cell people add")
    except (CellError, SecretFileError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    return 0


def _changed(
    args: argparse.Namespace, kind: str, change: Callable[[CellState, People], dict[str, str]]
) -> int:
    """Note a change in the audit trail, after it was made. Returns 0, 1 if not done, else 2.

    A trail that cannot be written stops the change before it is made.
    """
    try:
        state = cell_state(args)
        people = People(state.state_dir)
        audit = state.audit
        by = at_the_cell()
        audit.append(f"{kind}_begun", {"alias": args.alias, "by": by})
        try:
            told = change(state, people)
        except (PeopleError, _NoTerminal) as error:
            audit.append(f"{kind}_refused", {"alias": args.alias, "by": by, "reason": str(error)})
            raise
        audit.append(kind, {"alias": args.alias, "by": by, **told})
    except (PeopleError, _NoTerminal) as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_DONE
    except (CellError, SecretFileError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    print(f"{args.alias}: {kind.replace('_', ' ')}")
    return 0


class _NoTerminal(RuntimeError):
    """Nobody is there to type a PIN."""


def _new_pin(alias: str) -> str:
    """Return a PIN that was typed twice. Raises _NoTerminal, PeopleError."""
    if not sys.stdin.isatty():
        raise _NoTerminal("a PIN is typed on a terminal; run it there")
    try:
        pin = getpass.getpass(f"PIN of {alias}, {PIN_DIGITS} digits: ")
        if why := pin_problem(pin):
            raise PeopleError(f"this PIN is not taken: {why}")
        if getpass.getpass("once more: ") != pin:
            raise PeopleError("not the same PIN twice")
    except EOFError:
        raise _NoTerminal("no PIN was typed") from None
    return pin
