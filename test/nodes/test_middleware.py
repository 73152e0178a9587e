"""ROS stays on this machine, and shared memory out of it, whatever the environment says before."""

from pathlib import Path

from hrc_cell.nodes.middleware import PROFILES, RANGE, local_middleware


def test_by_itself_and_by_localhost_the_profile_is_taken():
    for before in ({}, {RANGE: "LOCALHOST"}, {"RMW_IMPLEMENTATION": "rmw_fastrtps_cpp"}):
        added = local_middleware(before)
        assert added[RANGE] == "SYSTEM_DEFAULT"
        assert all(Path(added[name]).is_file() for name in PROFILES)


def test_what_was_added_is_left_alone_by_the_next():
    assert local_middleware(local_middleware({})) == {}


def test_who_wants_a_wider_range_gets_it_without_shared_memory():
    assert local_middleware({RANGE: "SUBNET"}) == {"FASTDDS_BUILTIN_TRANSPORTS": "UDPv4"}


def test_a_profile_of_ones_own_is_left_alone():
    assert local_middleware({PROFILES[0]: "mine.xml"}) == {}


def test_another_middleware_gets_the_range_alone():
    cyclone = {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}
    assert local_middleware(cyclone) == {RANGE: "LOCALHOST"}
    assert local_middleware({**cyclone, RANGE: "SUBNET"}) == {}
