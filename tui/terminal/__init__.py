"""The terminal under the screen: its size, keys, colours and what it can draw, whatever it is.

```
driver      Textual's driver, made to bear whatever a terminal says or does
keyboard    keys told from pasted text
themes      the deck's own themes
legible     makes every piece of text read against what lies behind it
contrast    contrast of two colours
heat        the steps of the heatmap's colours
depth       how many colours a terminal has
attention   bell and desktop notifications
frames      a frame as the bytes that are sent
symbols     what it can draw beside letters, and ASCII for the rest
```
"""
