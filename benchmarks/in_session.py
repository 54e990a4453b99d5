"""`python -m benchmarks.in_session ARGUMENT ...`: chaindeck whose mock market is in session at any time.

So what is measured does not depend on the hour: outside trading hours the mock's market hardly moves and has no stream.
"""

import time

from msgspec.structs import replace

from chaindeck.start import main
from publisher.mock import listing

_BEFORE_S, _LENGTH_S = 3 * 3600, 6.5 * 3600


def _begin() -> None:
    now = time.time()
    session = listing.session_at(now)
    running = replace(session, opens=now - _BEFORE_S, closes=now - _BEFORE_S + _LENGTH_S)
    listing.session_at = lambda epoch_s: running


if __name__ == "__main__":
    _begin()
    main()
