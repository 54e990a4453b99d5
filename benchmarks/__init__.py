"""Measures of the product against what the same work costs without it: `python -m benchmarks [NAME ...]`."""
