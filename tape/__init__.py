"""Recordings: what a reader of chain snapshots was answered, on disk, and from there again."""
