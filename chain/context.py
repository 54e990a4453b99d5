"""What all parts of one run share: clock, key schema, limits and who we are. Made once, and handed down."""

import os
import socket
import uuid
from dataclasses import dataclass
from typing import Self

from chain.clock import Clock
from chain.model.keys import KeySchema
from chain.text import clean
from chain.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Identity:
    """Who publishes; as text `host:pid:run`, which no other process of any machine is called by."""

    host: str
    pid: int
    run: str  # a few letters, for a process number comes back

    @classmethod
    def of_this_process(cls) -> Self:
        """Return the identity of this process, with letters of its own at each call."""
        return cls(clean(socket.gethostname(), 40), os.getpid(), uuid.uuid4().hex[:6])

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}:{self.run}"


@dataclass(frozen=True, slots=True)
class Context:
    """What whoever publishes or reads needs to know of the run that it is part of.

    `thresholds` are those of what this run publishes; a reader judges by what publishers announce.
    """

    clock: Clock
    keys: KeySchema
    thresholds: Thresholds
    identity: Identity
