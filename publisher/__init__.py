"""Fills Redis with chain snapshots: the loop, and the sources it draws on. No screen."""
