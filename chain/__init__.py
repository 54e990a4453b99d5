"""The chain snapshot contract as code: names, snapshots, store, freshness, grid. No screen, no vendor."""
