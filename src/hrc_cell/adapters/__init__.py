"""The only rooms that touch the world: serial bus, simulator, web page, disk."""
