"""What is computed from a snapshot, each number with its convention."""
