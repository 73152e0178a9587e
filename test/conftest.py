"""What all tests share: properties have no time limit, and the same examples every time."""

from hypothesis import settings

settings.register_profile("cell", deadline=None, derandomize=True)
settings.load_profile("cell")
