"""The vendor's stream of trades and quotes, over a WebSocket.

```
massive_stream  the stream as a source of frames
connection      one connection, and its failures
session         how far a connection has come, and what ends it
topics          what a connection is subscribed to, and what to ask for next
backoff         how long to wait before the next
subscriptions   which contracts to subscribe to
protocol        what is sent, and what status events mean
```
"""
