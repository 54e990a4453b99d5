"""The one family of errors that a person may read: each message is a single line of what, where, what to do."""


class ChaindeckError(Exception):
    """Base of every expected failure; `str(error)` is one clear line, safe to show."""


class InvalidNameError(ChaindeckError):
    """A symbol, date or key that does not follow the contract's grammar."""


class DecodeError(ChaindeckError):
    """A value from outside that does not fit what it should be; the message says what does not, and where."""


class OverLimitError(DecodeError):
    """A value from outside that holds more bytes, values or objects than are read of its kind."""


class TooDeepError(DecodeError):
    """A value from outside that nests deeper than anything of its kind."""


class InvalidSnapshotError(ChaindeckError):
    """A payload that breaks the contract; the message names the first clause broken."""


class ConfigError(ChaindeckError):
    """Settings that cannot work, refused at start."""


class RedisUnavailableError(ChaindeckError):
    """Redis could not be reached, did not answer in time, or refused; `code` is the cause's, where it is known."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class OversizedError(RedisUnavailableError):
    """Redis answered with more bytes than what was asked may have, and they were not read."""


class LiveProtectedError(ChaindeckError):
    """Invented or recorded data were to be published where a live publisher publishes, or has just done so."""
