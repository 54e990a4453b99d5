"""A tape in memory: written and read as one on disk is, by one thread."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from tape.store.codec import Packer
from tape.store.file import TapeFile
from tape.store.writer import TapeWriter, make_tables


class MemoryTape:
    """A tape that lives as long as this does."""

    def __init__(self, name: str, about: Mapping[str, str], packer: Packer, cache_bytes: int) -> None:
        """`name` stands for a path in messages; `about` is what the tape says of itself.

        `cache_bytes`: how much of unpacked values its reader keeps.
        """
        self.name = name
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        make_tables(self._connection, about)
        self.writer = TapeWriter(Path(name), packer=packer, connection=self._connection)
        self.file = TapeFile(Path(name), cache_bytes=cache_bytes, connection=self._connection)

    @property
    def size(self) -> int:
        """How many bytes its pages take."""
        [pages] = self._connection.execute("PRAGMA page_count").fetchone()
        [page] = self._connection.execute("PRAGMA page_size").fetchone()
        return int(pages * page)

    def close(self) -> None:
        """Let it go."""
        self._connection.close()
