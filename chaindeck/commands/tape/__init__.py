"""`chaindeck tape`: recordings looked over, verified, and made into others."""
