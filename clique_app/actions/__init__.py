"""Changes on platforms: one gate for every path, one way to write, read back and undo."""
