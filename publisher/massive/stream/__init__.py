"""The vendor's stream of trades and quotes, over a WebSocket.

```
massive_stream  the stream as a source of frames
connection      one connection, and its failures
session         what to ask for next, and when to connect again
subscriptions   which contracts to subscribe to
protocol        what is sent, and what status events mean
```
"""
