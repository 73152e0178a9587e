"""Laser scans from a recording: an MCAP file or a rosbag2 folder, in the order of recording.

No ROS is needed to read them. The stamp is the one of the scan's header.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hrc_cell.core.scan import Scan

SCAN_TYPE = "sensor_msgs/msg/LaserScan"


class RecordingError(ValueError):
    """The recording cannot be played, and what to do about it."""


def read_scans(folder: Path | str, topic: str | None = None) -> Iterator[Scan]:
    """Yield the scans of one topic of a recording (a bag folder, or one file such as x.mcap).

    Without `topic` the recording must hold exactly one of type LaserScan. Raises RecordingError
    for what is not there, cannot be read, or leaves a choice open.
    """
    try:  # only here: not every machine with a cell reads recordings
        from rosbags.highlevel import AnyReader, AnyReaderError
        from rosbags.typesys import Stores, get_typestore
    except ImportError as error:
        raise RecordingError(f"recordings need rosbags: pip install rosbags ({error})") from error
    path = Path(folder)
    if not path.exists():
        raise RecordingError(f"{path}: no such recording")
    store = get_typestore(Stores.ROS2_JAZZY)
    try:
        with AnyReader(_bags(path), default_typestore=store) as reader:
            scans = [c for c in reader.connections if c.msgtype == SCAN_TYPE]
            chosen = _choose(path, sorted({c.topic for c in scans}), topic)
            connections = [c for c in scans if c.topic == chosen]
            for connection, _, raw in reader.messages(connections):
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
    except (AnyReaderError, FileNotFoundError) as error:
        raise RecordingError(
            f"{path}: not a recording that can be read ({error}); expected a .mcap file or a "
            "folder with metadata.yaml"
        ) from error


def _bags(path: Path) -> list[Path]:
    """Return what to open: the recording, or the files of a folder without metadata.yaml."""
    loose = sorted(path.glob("*.mcap")) if path.is_dir() else []
    return loose if loose and not (path / "metadata.yaml").exists() else [path]


def _choose(path: Path, topics: list[str], topic: str | None) -> str:
    """Return the topic to read."""
    if not topics:
        raise RecordingError(f"{path}: no topic of type {SCAN_TYPE} in it")
    if topic is None and len(topics) > 1:
        raise RecordingError(
            f"{path}: several topics of type {SCAN_TYPE}: {', '.join(topics)}; name one of them"
        )
    if topic is not None and topic not in topics:
        raise RecordingError(
            f"{path}: no topic {topic} of type {SCAN_TYPE}; there is {', '.join(topics)}"
        )
    return topic or topics[0]
