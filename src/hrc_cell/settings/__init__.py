"""What a number may be, and a cell's YAML loaded and checked."""
