"""The vendor's stream of trades and quotes, on its way into Redis.

```
source            the interface of whatever supplies frames
stream_publisher  writes what a source supplies while its publisher leads
replayed          recorded entries, under the ids that they had
```
"""
