"""`hrc-cell pair` and `devices`: what the terminal shows lets one tablet in."""

import re
import time

import pytest

from hrc_cell.adapters.panel.devices import Devices, PairingError
from hrc_cell.adapters.panel.invitation import as_blocks, invitation, qr_rows, reachable
from hrc_cell.cli import main

CODE = re.compile(r"type there: (\w+)")


def run(capsys, *words):
    code = main.main(list(map(str, words)))
    return code, *capsys.readouterr()


def test_the_code_that_is_shown_lets_a_tablet_in_that_is_listed_and_removed(tmp_path, capsys):
    (tmp_path / "panel.url").write_text("http://127.0.0.1:9999/\n")
    code, out, _ = run(capsys, "pair", "--state", tmp_path)
    shown = CODE.search(out).group(1)
    assert code == 0
    assert f"http://127.0.0.1:9999/#pair={shown}" in out
    assert out.count("\x1b[97;40m") > 10, "a QR code"
    device, cookie = Devices(tmp_path).pair(shown)
    assert Devices(tmp_path).known(cookie) == device
    assert cookie.partition(".")[2] not in (tmp_path / "access" / "devices.json").read_text()
    code, out, _ = run(capsys, "devices", "list", "--state", tmp_path)
    assert out.startswith(device.id)
    assert "terminal:" in out
    assert run(capsys, "devices", "remove", device.id, "--state", tmp_path)[0] == 0
    assert Devices(tmp_path).known(cookie) is None
    assert run(capsys, "devices", "remove", device.id, "--state", tmp_path)[0] == 1
    assert "none yet" in run(capsys, "devices", "list", "--state", tmp_path)[1]
    assert run(capsys, "audit", "verify", "--state", tmp_path)[0] == 0
    told = run(capsys, "audit", "show", "--state", tmp_path)[1]
    assert "pairing_code: by=terminal:" in told
    assert "unpaired: device=tablet-" in told


def test_a_newer_code_voids_the_one_before_and_a_clock_that_went_back_every_one(tmp_path):
    devices = Devices(tmp_path)
    first, second = devices.new_code("a"), devices.new_code("a")
    with pytest.raises(PairingError):
        devices.pair(first)
    late = Devices(tmp_path, clock=lambda: time.time() - 60.0)
    with pytest.raises(PairingError, match="expired"):
        late.pair(second)


def test_where_no_page_runs_the_address_of_the_files_is_told(tmp_path, capsys):
    code, out, _ = run(capsys, "pair", "--state", tmp_path)
    assert code == 0
    assert "does not run now" in out
    assert "http://127.0.0.1:8765/#pair=" in out


def test_a_page_on_every_address_is_named_by_one_that_others_reach(capsys):
    found = reachable("http://0.0.0.0:8765/")
    assert re.fullmatch(r"http://[0-9.]+:8765/", found)
    assert "0.0.0.0" not in found
    assert invitation("http://cell.local/", "AB") == "http://cell.local/#pair=AB"


def test_a_qr_code_is_what_the_library_made_in_half_the_lines():
    rows = qr_rows("http://127.0.0.1/#pair=ABCD2345")
    assert {len(row) for row in rows} == {len(rows)}
    border = {*rows[:2], *rows[-2:]}
    assert border == {"0" * len(rows)}
    lines = as_blocks(rows).split("\n")
    assert len(lines) == (len(rows) + 1) // 2
    halves = {"█": "00", "▀": "01", "▄": "10", " ": "11"}
    for number, line in enumerate(lines):
        bare = line.removeprefix("\x1b[97;40m").removesuffix("\x1b[0m")
        assert "".join(halves[block][0] for block in bare) == rows[2 * number]


@pytest.mark.parametrize("file", ["devices.json", "pairing.json"])
def test_a_damaged_file_is_told_with_what_to_do(tmp_path, capsys, file):
    folder = tmp_path / "access"
    folder.mkdir()
    (folder / file).write_text('{"devices": [{"x": 1}]}')
    (folder / file).chmod(0o600)
    if file == "devices.json":
        code, _, err = run(capsys, "devices", "list", "--state", tmp_path)
        assert code == 2
        assert "pair them again" in err
    else:
        with pytest.raises(ValueError, match="remove it"):
            Devices(tmp_path).pair("ABCD2345")
