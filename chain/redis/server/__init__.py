"""The server itself: the embedded one, what a server says of itself, and how far its clock is off."""
