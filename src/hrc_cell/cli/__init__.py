"""The program hrc-cell."""
