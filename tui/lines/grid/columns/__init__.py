"""The columns of the grid, mirrored about the strike.

catalogue  the figures that can be shown: heading, width, how each reads
sets       which of them are shown, and how many fit a width
bars       open interest and volume as bars
"""
