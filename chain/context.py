"""What all parts of one run share: clock, key schema, limits and identity. Made once, and passed down."""

import os
import socket
import uuid
from typing import Self

from msgspec import Struct

from chain.clock import Clock
from chain.model.keys import KeySchema
from chain.text import clean
from chain.thresholds import Thresholds


class Identity(Struct, frozen=True):
    """Who publishes; as text `host:pid:run`, unique over all processes and machines."""

    host: str
    pid: int
    run: str  # a few random letters, since process ids are reused

    @classmethod
    def of_this_process(cls) -> Self:
        """Return the identity of this process, with new random letters at each call."""
        return cls(clean(socket.gethostname(), 40), os.getpid(), uuid.uuid4().hex[:6])

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.run}"


class Context(Struct, frozen=True):
    """What publishers and readers need to know about their run.

    `thresholds` are those of what this run publishes; a reader judges by what publishers announce.
    """

    clock: Clock
    keys: KeySchema
    thresholds: Thresholds
    identity: Identity
