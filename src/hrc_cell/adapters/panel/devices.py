"""Tablets that were let in. A code that the cell itself shows is swapped, once, for a cookie.

A device has an id and a secret of 256 bits; of the secret only the SHA-256 is kept. A pairing code
is good once and for a few minutes; there is one at a time, a newer one voids it, and so do too many
wrong guesses. A simulated cell may take browsers on its own machine for devices without pairing:
their cookie is signed with a key of the cell, and nothing is kept of them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hrc_cell.adapters.panel.people import FOLDER
from hrc_cell.adapters.panel.secret_file import SecretFile, SecretFileError

FILE, CODE_FILE, KEY_FILE = "devices.json", "pairing.json", "training.json"
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Nothing that looks like something else."""
CODE_LENGTH = 8
CODE_S = 300.0
GUESSES = 5
TRAINING = "training-"


class PairingError(ValueError):
    """A tablet was not let in; the reason is the message, as the page shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A tablet that was let in."""

    id: str
    secret_sha256: str
    paired_s: float
    """Seconds since 1970."""
    by: str

    @property
    def training(self) -> bool:
        """Return whether it is a browser of a simulated cell that was never paired."""
        return self.id.startswith(TRAINING)


class Devices:
    """The tablets of a cell. Reading raises SecretFileError and OSError, like `SecretFile`."""

    def __init__(self, state_dir: Path, *, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since 1970; two processes must agree on it."""
        self._file = SecretFile(state_dir / FOLDER / FILE)
        self._code = SecretFile(state_dir / FOLDER / CODE_FILE)
        self._key = SecretFile(state_dir / FOLDER / KEY_FILE)
        self._clock = clock
        self._read: Any = None
        self._devices: dict[str, Device] = {}

    def all(self) -> Mapping[str, Device]:
        """Return the paired devices by id."""
        data = self._file.read()
        if data is not self._read:
            try:
                listed = [Device(**one) for one in data["devices"]] if data else []
            except (KeyError, TypeError) as error:
                raise SecretFileError(
                    f"{self._file.path}: is not a file of tablets ({error!r}); move it away and "
                    "pair them again"
                ) from error
            self._devices = {device.id: device for device in listed}
            self._read = data
        return self._devices

    def known(self, cookie: str) -> Device | None:
        """Return the device whose cookie this is, None if it is nobody's."""
        name, _, secret = cookie.partition(".")
        if name.startswith(TRAINING):
            fits = hmac.compare_digest(_sha256(secret), _sha256(self._signed(name)))
            return Device(id=name, secret_sha256="", paired_s=0.0, by="") if fits else None
        device = self.all().get(name)
        kept = device.secret_sha256 if device is not None else "0" * 64
        return device if hmac.compare_digest(kept, _sha256(secret)) else None

    def training_cookie(self) -> str:
        """Return a cookie for a browser beside a simulated cell."""
        name = TRAINING + secrets.token_hex(4)
        return f"{name}.{self._signed(name)}"

    def new_code(self, by: str) -> str:
        """Return a code that lets one tablet in. Raises OSError."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        with self._code.changing():
            made = {"sha256": _sha256(code), "by": by, "made_s": self._clock(), "guesses": 0}
            self._code.write(made)
        return code

    def pair(self, code: str) -> tuple[Device, str]:
        """Return the new device for a good code, and its cookie. Raises PairingError."""
        with self._code.changing():
            made = self._code.read()
            if made is None:
                raise PairingError("pairing_code_unknown")
            if {*made} != {"sha256", "by", "made_s", "guesses"}:
                raise SecretFileError(f"{self._code.path}: is damaged; remove it")
            if not 0.0 <= self._clock() - made["made_s"] <= CODE_S:
                self._code.remove()
                raise PairingError("pairing_code_expired")
            if not hmac.compare_digest(made["sha256"], _sha256(normal(code))):
                made = {**made, "guesses": made["guesses"] + 1}
                if made["guesses"] >= GUESSES:
                    self._code.remove()
                else:
                    self._code.write(made)
                raise PairingError("pairing_code_unknown")
            self._code.remove()
        secret = secrets.token_urlsafe(32)
        device = Device(
            id=f"tablet-{secrets.token_hex(4)}", secret_sha256=_sha256(secret),
            paired_s=round(self._clock(), 3), by=made["by"],
        )  # fmt: skip
        with self._file.changing():
            self._write([*self.all().values(), device])
        return device, f"{device.id}.{secret}"

    def remove(self, name: str) -> bool:
        """Let a device in no more; return whether it was one. Raises OSError."""
        with self._file.changing():
            devices = dict(self.all())
            if name not in devices:
                return False
            del devices[name]
            self._write([*devices.values()])
        return True

    def _write(self, devices: list[Device]) -> None:
        self._file.write({"devices": [asdict(device) for device in devices]})

    def _signed(self, name: str) -> str:
        data = self._key.read()
        if data is None:
            with self._key.changing():
                if self._key.read() is None:
                    self._key.write({"key": secrets.token_hex(32)})
            data = self._key.read()
        try:
            key = bytes.fromhex(data["key"])
        except (KeyError, TypeError, ValueError) as error:
            raise SecretFileError(f"{self._key.path}: is damaged; remove it") from error
        return hmac.new(key, name.encode("utf-8", "replace"), "sha256").hexdigest()


def normal(code: str) -> str:
    """Return a code as it was made, however a person typed it."""
    return "".join(letter for letter in code.upper() if letter in ALPHABET)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
