"""What can be wrong with a tape. Each message is one line: which file, what, and where it helps what to do."""

from chain.errors import ChaindeckError


class TapeError(ChaindeckError):
    """A file that cannot be read as a tape, or not be written."""


class NoTapeError(TapeError):
    """What stands there is no tape, or one of a version that is not known here."""


class TapeFullError(TapeError):
    """There is no room for more: the disk, a quota or a limit of the file is reached. What was committed stays."""


class DamagedError(TapeError):
    """A part of a tape that does not match its checksum, or cannot be read; other parts may be whole."""
