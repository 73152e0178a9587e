"""What is written down: journal, event log, recordings."""
