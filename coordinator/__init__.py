"""The coordinator: pict-rs asks it, and it pushes frames to scanners."""

__version__ = "0.1.0"
