"""What all tests share: ROS on this machine alone; properties without a time limit, and the same
examples every time."""

from hypothesis import settings

from hrc_cell.nodes.middleware import stay_local

stay_local()
settings.register_profile("cell", deadline=None, derandomize=True)
settings.load_profile("cell")
