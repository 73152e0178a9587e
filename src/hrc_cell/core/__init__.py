"""The judgement: pure and deterministic. No clock, no ROS, no file; time is an argument."""
