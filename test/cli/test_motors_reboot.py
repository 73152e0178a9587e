"""`hrc-cell motors reboot` where no cell runs. With a cell: test/nodes/test_motor_bus.py."""

import argparse
import os

from hrc_cell.cli import motors_reboot


def test_without_a_cell_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(motors_reboot, "BEGIN_S", 0.3)
    parser = argparse.ArgumentParser()
    motors_reboot.add_parser(parser.add_subparsers())
    words = ["reboot", "joint_2", "--namespace", f"nowhere_{os.getpid()}"]
    args = parser.parse_args(words)
    assert args.run(args) == 1
    assert "does the cell run, with a joint 'joint_2'?" in capsys.readouterr().err
