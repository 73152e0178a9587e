"""The serial motor bus: codec, registers, bus process, emulator."""
