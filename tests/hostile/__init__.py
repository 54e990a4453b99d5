"""A hostile hour: generated variants of every value from outside, against everything that reads one."""
