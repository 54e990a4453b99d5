"""The running program: what it is composed of, its parts, signals, logs and standard streams."""
