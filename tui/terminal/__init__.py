"""The terminal under the screen: its size, keys, colours and what it can draw, whatever it is."""
