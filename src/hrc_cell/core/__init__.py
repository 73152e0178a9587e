"""The judgement: pure and deterministic. No clock, no ROS, no file; time comes in as an argument."""
