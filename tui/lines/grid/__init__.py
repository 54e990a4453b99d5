"""The strike grid as lines: calls at the left, strike in the middle, puts mirrored at the right.

columns      which figures are shown, and how many of them fit a width
annotations  levels and deviations on the strike axis, and what is computed of each contract
changes      which figures read differently than in the snapshot before
cells        one strike as a line, its cells with their marks
rows         the body: a line a strike, the spot ruled between two of them
asked        which figure a column shows, by the name that explanations know it by
cursor       which figure the cursor stands on, and where keys take it
diff         what changed between two instants, strike by strike
frame        the title, the numbers above the rows and the count of contracts below
"""
