"""`chaindeck record`: what a Redis answers, or a day of the mock, onto tapes.

```
cli             its command line
frames          follows the stream beside it
follow          follows a Redis until told to stop
other_recorder  another recorder's heartbeat, which is left alone
mock_day        makes a whole trading day of the mock in little time
```
"""
