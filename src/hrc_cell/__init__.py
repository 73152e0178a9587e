"""A collaborative robot cell that keeps a person in the loop."""
