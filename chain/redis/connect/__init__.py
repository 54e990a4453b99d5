"""How a Redis is reached: addresses, TLS, Sentinels, time and byte limits, and why it could not be."""
