"""People and arms in batches, made to catch the monitor out: no hardware, no messages."""
