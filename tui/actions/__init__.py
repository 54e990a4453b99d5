"""What a reader can do: one registry behind keys, key bar, help and palette. Loads no Textual, but for `bindings`.

```
catalogue  the actions, kind by kind
action     what an action is
keys       names of keys
keymap     which keys do what
rebinding  other keys, as a reader has chosen them
bars       what the key bar shows, page by page
bindings   the actions as Textual binds them
```
"""
