"""Redis: connections, the embedded server, and the only code that touches contract keys."""
