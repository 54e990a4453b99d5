"""How a command that cannot do its work ends: exit codes, and the line of the plugin convention."""

from chain.text import clean

USAGE_ERROR = 2
UNKNOWN = 3  # by the plugin convention: bad arguments, own failure
_MAX_WORDS = 400


def unknown_line(reason: str) -> str:
    """Return what a check says that cannot tell."""
    return f"CHAIN UNKNOWN - {without_bar(one_line(reason))}"


def without_bar(words: str) -> str:
    """Return words without the bar, behind which performance data would begin."""
    return words.replace("|", "/")


def one_line(reason: str) -> str:
    """Return words on one line."""
    return clean(" ".join(reason.split()), _MAX_WORDS)
