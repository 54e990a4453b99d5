"""How charts become characters, whatever they are about. Pure: data in, lines out.

```
chart    a chart as data: lines over a common x, or bars about the strikes
picture  a whole chart at one size: title, picture, and what it rests on
curves   lines over a common x
bars     bars to both sides of the strikes
axes     the range of an axis, its labels
raster   dots, several to a cell
scale    from values to dots, and round figures
glyphs   braille, half blocks or ASCII
```
"""
