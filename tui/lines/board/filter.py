"""Which chains of the board the reader wants to see: all of some words must fit, none of others may."""

from collections.abc import Sequence

from msgspec import Struct

from chain.monitor.evaluate.report import ChainStatus, HealthReport
from tui.lines.board.words import FLAGS


class BoardFilter(Struct, frozen=True):
    """Words as the reader typed them; without any, every chain fits."""

    text: str = ""

    def __bool__(self) -> bool:
        """Whether it can leave anything out."""
        return any(word.strip("-") for word in self.text.split())

    def fits(self, status: ChainStatus) -> bool:
        """Whether each word begins something that the board says of a chain, and no word behind a `-` does."""
        said = _said(status)
        for word in self.text.lower().split():
            wanted = word.removeprefix("-")
            if wanted and any(one.startswith(wanted) for one in said) is word.startswith("-"):
                return False
        return True

    def fitting(self, report: HealthReport) -> Sequence[ChainStatus]:
        """Return the chains that fit, in the report's order."""
        return [status for status in report.statuses if self.fits(status)] if self else report.statuses


NO_FILTER = BoardFilter()
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _said(status: ChainStatus) -> list[str]:
    """Return what can be looked for: underlying, date, month and day, weekday, days to expiry, state and flags."""
    expiry = status.chain.expiry
    flags = [word for flag in status.flags for word in (flag.value, FLAGS[flag][0])]
    day = expiry.isoformat()
    words = (status.chain.underlying, day, day[5:], _WEEKDAYS[expiry.weekday()], f"{status.dte}dte", status.state)
    return [word.lower() for word in (*words, *flags)]
