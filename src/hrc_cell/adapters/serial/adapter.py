"""How long a USB adapter keeps bytes back before it hands them on."""

from __future__ import annotations

from pathlib import Path

SYS = Path("/sys")
LATENCY_MAX_MS = 1
UDEV_RULE = 'ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", ATTR{latency_timer}="1"'


def latency_timer_ms(port: str, sys: Path = SYS) -> int | None:
    """Return the latency timer of the port's adapter, None for one that has none.

    FTDI's chips collect bytes for that long, 16 ms unless told otherwise: far longer than a cycle.
    """
    name = Path(port).resolve().name
    file = sys / "bus" / "usb-serial" / "devices" / name / "latency_timer"
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def holders(port: str, proc: Path = Path("/proc")) -> list[str]:
    """Return who has a port open, as far as this user may see: process IDs and their commands."""
    device, found = Path(port).resolve(), []
    for folder in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            if any(link.resolve() == device for link in (folder / "fd").iterdir()):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                found.append(f"{folder.name} ({b' '.join(words).decode(errors='replace').strip()})")
        except OSError:  # ended meanwhile, or another user's
            continue
    return found
