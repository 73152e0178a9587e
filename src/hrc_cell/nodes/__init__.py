"""Thin ROS 2 nodes, one file each: translate messages, call the core, publish."""
