"""Everything that comes from outside is read here: bounded in bytes, depth and count first, and then by type."""
