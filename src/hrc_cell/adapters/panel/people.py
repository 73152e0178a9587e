"""The people of a cell: alias, role, language and PIN, in a file that only the user may read.

An alias need not be a name. A PIN is kept as scrypt (RFC 7914) with a salt for each person and its
parameters beside it, so that later ones may cost more. Six digits are few: what protects them is
the lock after wrong ones and that a tablet must be paired, not the hash alone.

There is no person and no PIN to begin with. The first is added on a terminal at the cell: whoever
may write the state folder could do anything anyway, while a code in a log travels with the log.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hrc_cell.adapters.panel.secret_file import SecretFile, SecretFileError
from hrc_cell.core.access import Role, keeps_a_supervisor, pin_problem
from hrc_cell.settings.operation import LANGUAGES

FOLDER, FILE = "access", "people.json"
ALIAS = re.compile(r"[^\W_][\w .'-]{0,30}[^\W_]|[^\W_]")
RESERVED = ("viewer", "training", "operator")
"""Names that stand for nobody or for anybody."""
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**14, 8, 5
"""16 MB, and some 0.2 s on a cell's own processor; OWASP Password Storage Cheat Sheet."""
SCRYPT_N_MAX, SCRYPT_R_MAX = 2**20, 64
MEMORY_MAX = 2 << 30


class PeopleError(ValueError):
    """What was asked for cannot be done; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A PIN as it is kept."""

    salt: bytes
    n: int
    r: int
    p: int
    hash: bytes

    def fits(self, pin: str) -> bool:
        """Return whether this is the PIN."""
        return hmac.compare_digest(self.hash, _scrypt(pin, self.salt, self.n, self.r, self.p))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One of the people."""

    alias: str
    role: Role
    language: str
    pin: Pin


def hash_pin(pin: str) -> Pin:
    """Return a PIN as it is kept."""
    salt = secrets.token_bytes(16)
    hashed = _scrypt(pin, salt, SCRYPT_N, SCRYPT_R, SCRYPT_P)
    return Pin(salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, hash=hashed)


def _scrypt(pin: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        pin.encode(),
        salt=salt,
        n=n,
        r=r,
        p=p,
        dklen=32,
        maxmem=min(MEMORY_MAX, 160 * r * (n + p) + (1 << 20)),
    )


class People:
    """The people, read anew whenever the file was changed."""

    def __init__(self, state_dir: Path) -> None:
        self._file = SecretFile(state_dir / FOLDER / FILE)
        self._nobody = hash_pin(secrets.token_hex(8))
        self._read: Any = None
        self._people: dict[str, Person] = {}

    @property
    def path(self) -> Path:
        """Return the file."""
        return self._file.path

    def all(self) -> Mapping[str, Person]:
        """Return everybody by alias. Raises SecretFileError, OSError."""
        data = self._file.read()
        if data is not self._read:
            self._people = _parsed(data, self.path)
            self._read = data
        return self._people

    def right_pin(self, alias: str, pin: str) -> Person | None:
        """Return the person if this is their PIN. An alias that nobody has takes as long.

        Raises SecretFileError, OSError.
        """
        person = self.all().get(alias)
        kept = self._nobody if person is None else person.pin
        return person if kept.fits(pin) and person is not None else None

    def add(self, alias: str, role: Role, language: str, pin: str) -> None:
        """Add somebody. Raises PeopleError, SecretFileError, OSError."""
        if not ALIAS.fullmatch(alias) or alias.casefold() in RESERVED:
            raise PeopleError(
                f"alias {alias!r}: 1 to 32 letters, digits, spaces or .'-_ between letters or "
                f"digits, and none of {', '.join(RESERVED)}"
            )
        if role is Role.VIEWER:
            raise PeopleError("a viewer need not sign in: everybody may look")
        _check_pin(pin)
        with self._file.changing():
            people = dict(self.all())
            if alias.casefold() in {known.casefold() for known in people}:
                raise PeopleError(f"there is {alias!r} already; choose another alias, or set-role")
            people[alias] = Person(alias=alias, role=role, language=language, pin=hash_pin(pin))
            self._write(people)

    def remove(self, alias: str) -> None:
        """Remove somebody. Raises PeopleError for the last supervisor, SecretFileError, OSError."""
        with self._file.changing():
            people = dict(self.all())
            self._known(people, alias)
            del people[alias]
            self._check_supervisor(people, "removed")
            self._write(people)

    def set_pin(self, alias: str, pin: str) -> None:
        """Give somebody another PIN. Raises PeopleError, SecretFileError, OSError."""
        _check_pin(pin)
        self._change(alias, pin=hash_pin(pin))

    def set_role(self, alias: str, role: Role) -> Role:
        """Give somebody another role; return the one before. Raises as `remove` does."""
        if role is Role.VIEWER:
            raise PeopleError("a viewer need not sign in: remove this person instead")
        return self._change(alias, role=role).role

    def set_language(self, alias: str, language: str) -> None:
        """Keep the language of somebody. Raises PeopleError, SecretFileError, OSError."""
        if language not in LANGUAGES:
            raise PeopleError(f"the page does not speak {language!r}; use {', '.join(LANGUAGES)}")
        self._change(alias, language=language)

    def _change(self, alias: str, **changes: Any) -> Person:
        with self._file.changing():
            people = dict(self.all())
            before = self._known(people, alias)
            people[alias] = replace(before, **changes)
            self._check_supervisor(people, "given another role")
            self._write(people)
        return before

    def _known(self, people: Mapping[str, Person], alias: str) -> Person:
        if alias not in people:
            known = ", ".join(sorted(people)) or "nobody yet"
            raise PeopleError(f"there is no {alias!r}; there is: {known}")
        return people[alias]

    def _check_supervisor(self, people: Mapping[str, Person], what: str) -> None:
        before = {alias: person.role for alias, person in self.all().items()}
        if not keeps_a_supervisor(before, {a: person.role for a, person in people.items()}):
            raise PeopleError(
                f"the last supervisor cannot be {what}: nobody could let tablets in any more; "
                "make somebody else a supervisor first"
            )

    def _write(self, people: Mapping[str, Person]) -> None:
        self._file.write(
            {
                "people": [
                    {
                        "alias": person.alias, "role": person.role.value,
                        "language": person.language,
                        "pin": {
                            "kdf": "scrypt", "n": person.pin.n, "r": person.pin.r,
                            "p": person.pin.p, "salt": _base64(person.pin.salt),
                            "hash": _base64(person.pin.hash),
                        },
                    }
                    for person in people.values()
                ]
            }
        )  # fmt: skip


def _check_pin(pin: str) -> None:
    if why := pin_problem(pin):
        raise PeopleError(f"this PIN is not taken: {why}")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _parsed(data: Any, path: Path) -> dict[str, Person]:
    """Return everybody whom the file names. Raises SecretFileError."""
    if data is None:
        return {}
    people: dict[str, Person] = {}
    try:
        for one in data["people"]:
            pin = one["pin"]
            costs = (pin["n"] <= SCRYPT_N_MAX, pin["r"] <= SCRYPT_R_MAX, pin["p"] <= SCRYPT_R_MAX)
            if pin["kdf"] != "scrypt" or not all(costs):
                raise ValueError("another way to keep a PIN than scrypt")
            if one["language"] not in LANGUAGES or one["alias"] in people:
                raise ValueError(f"what it says of {one['alias']!r}")
            people[one["alias"]] = Person(
                alias=str(one["alias"]), role=Role(one["role"]), language=one["language"],
                pin=Pin(
                    salt=base64.b64decode(pin["salt"]), n=pin["n"], r=pin["r"], p=pin["p"],
                    hash=base64.b64decode(pin["hash"]),
                ),
            )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise SecretFileError(
            f"{path}: is not a file of people ({error!r}); put a copy in its place, or move it "
            "away and add everybody again"
        ) from error
    return people
