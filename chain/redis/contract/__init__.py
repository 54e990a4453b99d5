"""The only code that touches contract keys: what a poll reads, and what a publish writes."""
