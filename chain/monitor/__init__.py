"""From answers of Redis to a Board, and from a Board to words: trackers, watcher, rules, heartbeats, events."""
