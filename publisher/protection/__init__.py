"""What keeps publishers out of each other's way: live data is protected, and one publisher leads."""
