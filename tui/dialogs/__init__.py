"""Dialogs: help, the decisions that are asked for, and the faults of a demo."""
