"""From what a reader answers to a Board: the port, the expected chains, each chain's steps, the poll loop."""
