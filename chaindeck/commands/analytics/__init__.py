"""`chaindeck analytics`.

```
cli   its command line
run   one poll, printed
page  the text
body  the JSON
look  the measures of every chain of one poll, with their ages
```
"""
