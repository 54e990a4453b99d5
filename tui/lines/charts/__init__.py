"""The charts: each from measures or readings to a chart as data, and that to lines.

```
catalogue  the charts there are, and how many a page shows
smile      IV by strike
term       ATM IV and forward volatility over the days to settlement
gex        total GEX over levels, and by strike
interest   open interest and volume by strike
timing     charts over time: age, how late snapshots are seen, how long publishing takes
readings   how long publishing took, and how late its snapshots were seen: kept by the screen
facts      the measures that are looked at, and how old each part is
strikes    what charts over strikes share
plot       how charts become characters
```
"""
