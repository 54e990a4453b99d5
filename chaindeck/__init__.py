"""The front door: command line, settings, composition, and the headless commands."""

__version__ = "0.1.0"
