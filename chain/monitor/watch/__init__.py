"""From what a poll answers to a Board: the poll loop, the expected chains, each chain's steps."""
