"""The tape as a file: its layout, how values are packed, the one writer and the readers."""
