"""Small recordings of laser scans, made where a test needs one."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from hrc_cell.core.scan import Scan

STORE = get_typestore(Stores.ROS2_JAZZY)
STRING = "std_msgs/msg/String"
SCAN = "sensor_msgs/msg/LaserScan"


def write_bag(folder: Path, topics: dict[str, Iterable[Scan]]) -> Path:
    """Write a bag folder (MCAP) with these scans and one topic of texts; return the folder."""
    header_type, time_type = (
        STORE.types[name] for name in ("std_msgs/msg/Header", "builtin_interfaces/msg/Time")
    )
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        chatter = writer.add_connection("/chatter", STRING, typestore=STORE)
        text = STORE.types[STRING](data="not a scan")
        writer.write(chatter, 0, STORE.serialize_cdr(text, STRING))
        for topic, scans in topics.items():
            connection = writer.add_connection(topic, SCAN, typestore=STORE)
            for scan in scans:
                ns = round(scan.stamp_s * 1e9)
                message = STORE.types[SCAN](
                    header=header_type(
                        stamp=time_type(sec=ns // 10**9, nanosec=ns % 10**9), frame_id=scan.frame
                    ),
                    angle_min=scan.angle_min_rad,
                    angle_max=scan.angle_min_rad
                    + scan.angle_increment_rad * (len(scan.ranges) - 1),
                    angle_increment=scan.angle_increment_rad,
                    time_increment=0.0,
                    scan_time=0.1,
                    range_min=scan.range_min_m,
                    range_max=scan.range_max_m,
                    ranges=np.asarray(scan.ranges, dtype=np.float32),
                    intensities=np.zeros(0, dtype=np.float32),
                )
                writer.write(connection, ns, STORE.serialize_cdr(message, SCAN))
    return folder
