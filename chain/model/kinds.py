"""Kinds of source: what a snapshot is made from, and what every voice calls it."""

from collections.abc import Iterable

LIVE = "massive"
RECORDED = ("mock", "capture", "replay")  # invented or recorded: never to be taken for the market
UNKNOWN = "unknown"
_WORDS = {LIVE: "LIVE", "mock": "MOCK", "capture": "CAPTURE", "replay": "REPLAY"}
_VENDOR_HOSTS = ("api.massive.com", "api.polygon.io")
_HOST_WIDTH = 20


def is_recorded(kind: str) -> bool:
    """Whether a kind is known not to be live; one that nobody names may be live, and is treated as such."""
    return kind in RECORDED


def kind_word(kind: str, detail: str = "") -> str:
    """Return a kind in a word; a live one whose host, `detail`, is known not to be the vendor's is a test."""
    if kind == LIVE and detail and detail not in _VENDOR_HOSTS:
        return f"TEST {detail[:_HOST_WIDTH]}"
    return _WORDS.get(kind, "SOURCE ?")


def kind_phrase(words: Iterable[str]) -> str:
    """Return the words of some chains as running text: `mock`; of a mixture `12 live, 6 mock`; nothing for none."""
    counts: dict[str, int] = {}
    for word in words:
        said = "source unknown" if word == "SOURCE ?" else word.lower()
        counts[said] = counts.get(said, 0) + 1
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {word}" for word, count in counts.items())
