"""What can go wrong with the vendor: named faults, one line each for a person."""

from enum import Enum

from publisher.source import SourceError


class FaultKind(Enum):
    """A kind of failure; its value is what to tell, and what to do."""

    NO_KEY = "no API key: set MASSIVE_API_KEY, or api_key in the config file"
    BAD_KEY = "the vendor does not know this API key: check MASSIVE_API_KEY"
    PLAN = "the plan of this API key does not include this data"
    BAD_REQUEST = "the vendor refused the request"
    NOT_FOUND = "the vendor knows no such path"
    UNKNOWN_SYMBOL = "the vendor lists no options for this symbol"
    RATE_LIMITED = "the vendor asks for fewer requests"
    SERVER = "the vendor's server failed"
    TIMEOUT = "the vendor did not answer in time"
    DNS = "the vendor's host name does not resolve"
    REFUSED = "the vendor's host refuses connections"
    UNREACHABLE = "the vendor's host cannot be reached"
    CERTIFICATE = "no trusted connection to the vendor"
    PROXY = "the proxy before the vendor failed"
    BROKEN = "the connection to the vendor broke"
    GARBAGE = "the vendor's answer is not JSON"
    REDIRECTED = "the vendor redirected us"
    ERROR_STATUS = "the vendor answered with an error"
    TOO_LARGE = "the vendor's answer is too large"
    INCOMPLETE = "the vendor's listing is incomplete"
    CONNECTIONS = "another connection of this account took the place of our stream"
    SLOW = "the vendor ended the stream because it was read too slowly"


WAITED_FOR = frozenset({FaultKind.RATE_LIMITED, FaultKind.SERVER})  # as long as their Retry-After says
RETRIED = frozenset({FaultKind.RATE_LIMITED, FaultKind.SERVER, FaultKind.GARBAGE})  # and a broken connection at once
HOPELESS = frozenset({FaultKind.BAD_KEY, FaultKind.PLAN, FaultKind.CERTIFICATE})  # asking again soon cannot help
OF_SETTINGS = frozenset({FaultKind.BAD_KEY, FaultKind.PLAN, FaultKind.UNKNOWN_SYMBOL})  # for the user to mend
# What the vendor says of one path alone: a key without indices still has its options.
OF_ONE_PATH = frozenset({FaultKind.PLAN, FaultKind.BAD_REQUEST, FaultKind.NOT_FOUND})
OF_THE_VENDOR = frozenset(FaultKind) - OF_ONE_PATH


class VendorError(SourceError):
    """A named failure of the vendor; `retry_after` in seconds where it said so, `asked` unless a breaker withheld."""

    def __init__(
        self, kind: FaultKind, detail: str = "", *, retry_after: float | None = None, asked: bool = True
    ) -> None:
        super().__init__(f"{kind.value} ({detail})" if detail else kind.value)
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after
        self.asked = asked


def by_status(code: int) -> FaultKind:
    """Return the kind that an HTTP status other than 200 means."""
    named = {
        400: FaultKind.BAD_REQUEST,
        401: FaultKind.BAD_KEY,
        403: FaultKind.PLAN,
        404: FaultKind.NOT_FOUND,
        413: FaultKind.TOO_LARGE,
        429: FaultKind.RATE_LIMITED,
    }
    if 300 <= code < 400:
        return FaultKind.REDIRECTED
    return named.get(code, FaultKind.SERVER if code >= 500 or code == 499 else FaultKind.ERROR_STATUS)
