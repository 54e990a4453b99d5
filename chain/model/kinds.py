"""Kinds of source of a snapshot, and their names."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

SourceKind = Literal["mock", "capture", "massive", "replay"]
KINDS: tuple[SourceKind, ...] = get_args(SourceKind)
LIVE: SourceKind = "massive"
REPLAY: SourceKind = "replay"
RECORDED = tuple(kind for kind in KINDS if kind != LIVE)  # invented or recorded: never to be taken for the market
KIND_MEANING: Mapping[SourceKind, str] = {
    "mock": "invented data",
    "capture": "recorded data",
    "replay": "a recording, played again",
}
UNKNOWN = "unknown"
_VENDOR_HOSTS = ("api.massive.com", "api.polygon.io")
_HOST_WIDTH = 20


def is_recorded(kind: str) -> bool:
    """Whether a kind is known not to be live; an unknown kind may be live, and is treated as such."""
    return kind in RECORDED


def may_be_mixed(kind: str, other: str) -> bool:
    """Whether data of two kinds may stand together: of the same one, or of two that may both be live."""
    return kind == other if is_recorded(kind) or is_recorded(other) else True


def kind_word(kind: str, host: str | None = None) -> str:
    """Return a kind in a word. Only the vendor's own `host` makes live data LIVE; another is a TEST."""
    if kind != LIVE:
        return kind.upper() if kind in RECORDED else "SOURCE ?"
    if host is None:  # its publisher, which would say so, is gone
        return "LIVE ?"
    return "LIVE" if host in _VENDOR_HOSTS else f"TEST {host[:_HOST_WIDTH] or '?'}"


def kind_name(kind: str) -> str:
    """Return a kind as running text names it: live, mock, capture, replay, unknown."""
    return "live" if kind == LIVE else kind if kind in RECORDED else UNKNOWN


def kind_phrase(words: Iterable[str]) -> str:
    """Return the words of some chains as running text: `mock`; of a mixture `12 live, 6 mock`; nothing for none."""
    counts: dict[str, int] = {}
    for word in words:
        said = "source unknown" if word == "SOURCE ?" else word.lower()
        counts[said] = counts.get(said, 0) + 1
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {word}" for word, count in counts.items())
