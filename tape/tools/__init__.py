"""What is done with whole tapes: looked over, verified, salvaged, cut, joined and exported."""
