"""Laser scans from a recording: an MCAP file or a rosbag2 folder, in the order of recording.

No ROS is needed to read them. The stamp is the one of the scan's header.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hrc_cell.core.scan import Scan

SCAN_TYPE = "sensor_msgs/msg/LaserScan"


class RecordingError(ValueError):
    """The recording cannot be played, and what to do about it."""


def scan_topics(folder: Path | str) -> dict[str, int]:
    """Return how many scans there are on each topic of type LaserScan, most first.

    `folder` is a bag folder, or one file such as x.mcap. Raises RecordingError for what is not
    there, cannot be read, or holds no such topic.
    """
    counts: Counter[str] = Counter()
    with _open(Path(folder)) as reader:
        for connection in reader.connections:
            if connection.msgtype == SCAN_TYPE:
                counts[connection.topic] += connection.msgcount
    if not counts:
        raise RecordingError(f"{folder}: no topic of type {SCAN_TYPE} in it")
    return dict(counts.most_common())


def read_scans(folder: Path | str, topic: str | None = None) -> Iterator[Scan]:
    """Yield the scans of one topic of a recording, without `topic` of the one with most scans.

    Raises RecordingError as `scan_topics` does, and for a topic that is not there.
    """
    topics = scan_topics(folder)
    chosen = topic or next(iter(topics))
    if chosen not in topics:
        raise RecordingError(
            f"{folder}: no topic {topic} of type {SCAN_TYPE}; there is {', '.join(sorted(topics))}"
        )
    with _open(Path(folder)) as reader:
        wanted = [c for c in reader.connections if (c.msgtype, c.topic) == (SCAN_TYPE, chosen)]
        for connection, _, raw in reader.messages(wanted):
            message = reader.deserialize(raw, connection.msgtype)
            stamp = message.header.stamp
            yield Scan(
                stamp_s=stamp.sec + stamp.nanosec * 1e-9,
                frame=message.header.frame_id,
                angle_min_rad=float(message.angle_min),
                angle_increment_rad=float(message.angle_increment),
                range_min_m=float(message.range_min),
                range_max_m=float(message.range_max),
                ranges=np.asarray(message.ranges),
            )


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    """Open a recording. Raises RecordingError if it cannot be read."""
    try:  # only here: not every machine with a cell reads recordings
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.typesys import Stores, get_typestore
    except ImportError as error:
        raise RecordingError(f"recordings need rosbags: pip install rosbags ({error})") from error
    if not path.exists():
        raise RecordingError(f"{path}: no such recording")
    try:
        with AnyReader(_bags(path), default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
            yield reader
    except (AnyReaderError, FileNotFoundError) as error:
        raise RecordingError(
            f"{path}: not a recording that can be read ({error}); expected a .mcap file or a "
            "folder with metadata.yaml"
        ) from error


def _bags(path: Path) -> list[Path]:
    """Return what to open: the recording, or the files of a folder without metadata.yaml."""
    loose = sorted(path.glob("*.mcap")) if path.is_dir() else []
    return loose if loose and not (path / "metadata.yaml").exists() else [path]
