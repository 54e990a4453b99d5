"""Settings: flags, environment and file, each with its origin."""
