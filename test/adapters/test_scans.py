"""Recordings of scans: read as they were, or refused with what to do."""

import shutil

import numpy as np
import pytest
from bags import write_bag
from scan_room import Room, scanner

from hrc_cell.adapters.record.scans import RecordingError, read_scans, scan_topics


@pytest.fixture(scope="module")
def scans():
    room = Room(beams=90)
    return [room.scan(scanner(), stamp_s=1000.0 + 0.1 * i) for i in range(10)]


@pytest.fixture
def bag(tmp_path, scans):
    return write_bag(tmp_path / "bag", {"/scan": scans})


def test_scans_come_back_as_they_were(bag, scans):
    read = list(read_scans(bag))
    assert len(read) == len(scans)
    for one, other in zip(read, scans, strict=True):
        assert one.stamp_s == pytest.approx(other.stamp_s, abs=1e-6)
        assert one.frame == "left"
        assert one.angle_min_rad == pytest.approx(other.angle_min_rad, abs=1e-6)
        assert one.angle_increment_rad == pytest.approx(other.angle_increment_rad, abs=1e-8)
        assert (one.range_min_m, one.range_max_m) == pytest.approx((0.05, 10.0))
        assert np.array_equal(one.ranges, other.ranges)


def test_a_file_and_a_folder_of_files_read_the_same(bag, tmp_path, scans):
    (file,) = bag.glob("*.mcap")
    loose = tmp_path / "loose"
    loose.mkdir()
    shutil.copy(file, loose / "a.mcap")
    assert len(list(read_scans(file))) == len(list(read_scans(loose))) == len(scans)


def test_of_several_topics_the_busiest_is_read_unless_another_is_named(tmp_path, scans):
    bag = write_bag(tmp_path / "two", {"/front/scan": scans[:3], "/rear/scan": scans})
    assert scan_topics(bag) == {"/rear/scan": len(scans), "/front/scan": 3}
    assert len(list(read_scans(bag))) == len(scans)
    assert len(list(read_scans(bag, "/front/scan"))) == 3
    bag = write_bag(tmp_path / "other", {"/front/scan": scans, "/rear/scan": scans[:3]})
    assert len(list(read_scans(bag, "/rear/scan"))) == 3
    with pytest.raises(RecordingError, match=r"no topic /scan .* there is /front/scan, /rear/scan"):
        next(read_scans(bag, "/scan"))


def test_a_recording_without_scans_is_refused(tmp_path):
    bag = write_bag(tmp_path / "none", {})
    with pytest.raises(RecordingError, match="no topic of type sensor_msgs/msg/LaserScan"):
        next(read_scans(bag))


def test_a_missing_recording_is_refused(tmp_path):
    with pytest.raises(RecordingError, match="no such recording"):
        next(read_scans(tmp_path / "gone"))


def test_what_is_no_recording_is_refused(tmp_path):
    with pytest.raises(RecordingError, match=r"expected a \.mcap file or a folder"):
        next(read_scans(tmp_path))
    junk = tmp_path / "junk.mcap"
    junk.write_bytes(b"no recording at all")
    with pytest.raises(RecordingError, match=r"junk\.mcap: not a recording"):
        next(read_scans(junk))


def test_a_recording_cut_short_is_refused(bag, tmp_path):
    (file,) = bag.glob("*.mcap")
    short = tmp_path / "short.mcap"
    short.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RecordingError, match="not a recording that can be read"):
        next(read_scans(short))
