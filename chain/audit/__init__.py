"""What a publisher of the contract keeps and what it breaks, clause by clause."""
