"""Live data from Massive: the REST client with its limits and faults, and the source made of it."""
