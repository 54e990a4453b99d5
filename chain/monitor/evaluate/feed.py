"""The stream that a publisher feeds, in words."""

from chain.model.kinds import LIVE
from chain.monitor.board import Board, PublisherStatus
from chain.monitor.heartbeat import WITHDRAWN
from chain.monitor.messages.heartbeat import FeedBlock

OFF, DELAYED = "off", "15-min delayed"


def feeding(board: Board) -> PublisherStatus | None:
    """Return the living publisher that feeds a stream; None where none does."""
    return next((p for p in board.publishers.known if p.alive and p.heartbeat.feed is not None), None)


def feed_words(board: Board) -> str:
    """Return how the stream is fed: its state, whose it is, what it carries and what is wrong with it.

    `off` where live data are published and no stream is fed; "" where none is expected.
    """
    publisher = feeding(board)
    feed = publisher.heartbeat.feed if publisher else None
    if feed is None:
        living = [p.heartbeat for p in board.publishers.known if p.alive and p.heartbeat.status != WITHDRAWN]
        return OFF if any(beat.source.kind == LIVE for beat in living) else ""
    told = [feed.state, feed.detail, DELAYED if feed.delayed else "", *_figures(feed), feed.limits, feed.error]
    return ", ".join(filter(None, told))


def _figures(feed: FeedBlock) -> list[str]:
    figures = (
        (feed.subscriptions, "contracts"),
        (feed.left_out, "without quotes"),
        (feed.reconnects, "reconnects"),
        (feed.dropped, "frames dropped"),
    )
    return [f"{count:,} {what}" for count, what in figures if count]
