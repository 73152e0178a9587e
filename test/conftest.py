"""What all tests share: ROS on this machine alone; properties without a time limit, and the same
examples every time."""

from hypothesis import Phase, settings

from hrc_cell.nodes.middleware import stay_local

stay_local()
settings.register_profile("cell", deadline=None, derandomize=True)
settings.register_profile(  # for tools/mutate.py: that a test fails is enough
    "break", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("cell")
