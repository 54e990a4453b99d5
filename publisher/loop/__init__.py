"""The publishing loop: cadence, cycles, how a source is asked, heartbeats and events."""
