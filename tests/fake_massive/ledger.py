"""What was asked of the fake, and what it sent."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .api import Call


@dataclass(slots=True)
class Record:
    """One request; `status` stays 0 and `took` None until a whole answer goes to the socket."""

    time: float  # monotonic seconds on arrival
    method: str
    path: str
    query: Mapping[str, str]  # as sent; an apiKey is masked
    params: Mapping[str, str]  # with the cursor unrolled
    page: int
    key_in: tuple[str, ...]  # header, query, both or neither
    headers: Mapping[str, str]
    status: int = 0
    bytes: int = 0  # of the body on the wire
    took: float | None = None  # seconds


@dataclass(slots=True)
class Ledger:
    """Counts of one server; written by its thread, read by any."""

    requests: list[Record] = field(default_factory=list)
    in_flight: int = 0
    max_in_flight: int = 0
    connections_opened: int = 0
    connections_open: int = 0

    def begin(self, call: Call, headers: Mapping[str, str]) -> Record:
        shown = {name: value for name, value in headers.items() if name != "authorization"}
        record = Record(
            time.monotonic(), call.method, call.path, call.query, call.params, call.page, tuple(call.keys), shown
        )
        self.requests.append(record)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        return record

    def end(self) -> None:
        self.in_flight -= 1

    def opened(self) -> None:
        self.connections_opened += 1
        self.connections_open += 1

    def closed(self) -> None:
        self.connections_open -= 1

    def count(self, path: str = "*", *, status: int | None = None, page: int | None = None) -> int:
        """Return how many requests match a path pattern, a status sent, a page number."""
        return sum(
            fnmatchcase(record.path, path) and status in (None, record.status) and page in (None, record.page)
            for record in list(self.requests)
        )

    def reset(self) -> None:
        """Forget the past; what is in flight or open now still counts."""
        self.requests = []
        self.max_in_flight = self.in_flight
        self.connections_opened = self.connections_open
