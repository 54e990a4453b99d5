"""Rules about supervised parts: those of this program, and those that living publishers report."""

from collections.abc import Iterable

from chain.monitor.evaluate.rules.rule import Notice, RuleInput
from chain.supervisor import PartState, PartStatus


def part_failed(inputs: RuleInput) -> Iterable[Notice]:
    """A part has failed, and has not run long enough since to count as healthy."""
    board = inputs.board
    theirs = (part for publisher in board.publishers.known if publisher.alive for part in publisher.heartbeat.parts)
    failing: dict[tuple[str, float | None], PartStatus] = {}
    for part in (*board.parts, *theirs):
        if part.state is not PartState.RUNNING:
            failing.setdefault((part.name, part.since), part)  # our own publisher's parts are reported twice
    for part in failing.values():
        again = f", restarted {part.restarts} times" if part.restarts > 1 else ""
        yield Notice(f"{part.name} failed: {part.error}{again}", part.since, part.name)
