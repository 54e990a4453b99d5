"""Shows Redis: what is on screen as pure lines, and the Textual widgets that carry them."""
