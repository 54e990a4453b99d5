"""A replay of a tape put together, and what is closed after it."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from msgspec import Struct

from chain.context import Context
from chain.errors import ConfigError, RedisUnavailableError
from chain.model.session import new_york, recorded_moment
from chain.redis.connect.connection import RedisTarget
from chain.tasks import finish
from chaindeck.exits import UsageError
from publisher.replay.clock import checked_speed
from publisher.replay.player import Span
from publisher.replay.recording import Recording
from publisher.replay.replay import Replay


class ReplayOptions(Struct, frozen=True, kw_only=True):
    """What of a recording is played, how fast (seconds a second), and whether it is stamped anew."""

    speed: float = 60.0
    begin: str | None = None
    end: str | None = None
    loop: bool = False
    restamp: bool = False

    def check(self, context: Context) -> None:
        """Raise ConfigError where these cannot be, under the prefix of a context."""
        checked_speed(self.speed)
        prefix, replayed = context.keys.prefix, context.keys.is_replay
        if self.restamp and replayed:
            raise ConfigError(
                f"--restamp feeds consumers of live names, not of {prefix}: give --prefix massive with it"
            )
        if not self.restamp and not replayed:
            raise ConfigError(
                f"--prefix {prefix}: stamps of a recording belong under a prefix of replays, such as massive:replay; "
                "to stamp it anew for consumers of live names, add --restamp"
            )

    def span(self, recording: Recording) -> Span:
        """Return what is to be played; raise UsageError for times that are none, or not of the recording."""
        begin_ns = _moment(self.begin, recording, recording.first_ns)
        end_ns = _moment(self.end, recording, recording.last_ns)
        begin_ns, end_ns = max(begin_ns, recording.first_ns), min(end_ns, recording.last_ns)
        if begin_ns > end_ns:
            first, last = (f"{new_york(at / 1e9):%Y-%m-%d %H:%M:%S}" for at in (recording.first_ns, recording.last_ns))
            raise UsageError(f"nothing to play between these times: the recording is of {first} to {last} ET")
        return Span(begin_ns, end_ns, self.loop)


@asynccontextmanager
async def replaying(
    target: RedisTarget, recording: Recording, context: Context, options: ReplayOptions
) -> AsyncIterator[Replay]:
    """Give a replay that may play, and take away after it what it has published.

    Raises LiveProtectedError beside live data, ReplacedError beside another replay, and RedisUnavailableError.
    """
    span = options.span(recording)
    async with aclosing(target.connect(name="chaindeck-replay")) as redis:
        replay = Replay(redis, recording, span, context, speed=options.speed, restamp=options.restamp)
        try:
            await replay.begin()
        except RedisUnavailableError as error:
            raise RedisUnavailableError(f"redis {target.label}: {error}", error.code) from None
        try:
            yield replay
        finally:
            await finish(replay.leave())


def _moment(text: str | None, recording: Recording, default_ns: int) -> int:
    if text is None:
        return default_ns
    try:
        return recorded_moment(text, begin_ns=recording.first_ns, end_ns=recording.last_ns)
    except ValueError as error:
        raise UsageError(str(error)) from None
