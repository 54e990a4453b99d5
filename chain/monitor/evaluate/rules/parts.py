"""Rules about the parts that a program is made of: ours, and those of which living publishers tell."""

from collections.abc import Iterable

from chain.monitor.evaluate.report import Signal
from chain.monitor.evaluate.rules.context import Context
from chain.monitor.evaluate.rules.severity import signal
from chain.supervisor import PartState, PartStatus


def part_failed(context: Context) -> Iterable[Signal]:
    """A part has failed, and is not yet believed to run again."""
    board = context.board
    theirs = (part for publisher in board.publishers.known if publisher.alive for part in publisher.heartbeat.parts)
    failing: dict[tuple[str, float | None], PartStatus] = {}
    for part in (*board.parts, *theirs):
        if part.state is not PartState.RUNNING:
            failing.setdefault((part.name, part.since), part)  # of our own publisher's parts we hear twice
    for part in failing.values():
        again = f", restarted {part.restarts} times" if part.restarts > 1 else ""
        yield signal("part-failed", f"{part.name} failed: {part.error}{again}", part.since, part.name)
