"""The errors that users see: each message is a single line that says what, where, and what to do."""


class ChaindeckError(Exception):
    """Base of every expected failure; `str(error)` is one clear line, safe to show."""


class InvalidNameError(ChaindeckError):
    """A symbol, date or key that does not follow the contract's grammar."""


class DecodeError(ChaindeckError):
    """A value from outside that is not of the expected form; the message says what is wrong, and where."""


class OverLimitError(DecodeError):
    """A value from outside with more bytes, values or objects than allowed for its kind."""


class TooDeepError(DecodeError):
    """A value from outside that nests deeper than allowed for its kind."""


class InvalidSnapshotError(ChaindeckError):
    """A payload that breaks the contract; the message names the first clause broken."""


class ConfigError(ChaindeckError):
    """Settings that cannot work, refused at start."""


class RedisUnavailableError(ChaindeckError):
    """Redis could not be reached, did not answer in time, or refused; `code` is the cause's, if known."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class OversizedError(RedisUnavailableError):
    """Redis answered with more bytes than the request allows, and they were not read."""


class LiveProtectedError(ChaindeckError):
    """Invented or recorded data would have been published where a live publisher publishes, or just did."""
