"""The simulated cell: physics, scanners, people."""
