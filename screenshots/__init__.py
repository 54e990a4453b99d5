"""The screen as pictures, made by `python -m screenshots` and held to by a test."""
