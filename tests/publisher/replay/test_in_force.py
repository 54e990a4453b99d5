"""What a replay holds in Redis, however its calls meet."""

import asyncio

from redis.asyncio import Redis

from chain.clock import ManualClock
from chain.model.snapshot import decode_header
from publisher.replay.in_force import InForce
from publisher.replay.recording import Turn
from tests.support.contexts import context_of
from tests.support.replay_stage import REPLAY
from tests.support.replays import CHAINS, id_at
from tests.support.scenes import START_NS
from tests.support.tapes import payload


def turn_of(seconds: float) -> Turn:
    """Return a turn in which both chains were new, and all that stood."""
    snapshots = [decode_header(payload(seconds, chain), id_at(seconds, chain)) for chain in CHAINS]
    return Turn(START_NS, tuple(snapshots), whole=True)


async def test_what_is_withdrawn_while_it_is_renewed_is_gone(redis: Redis) -> None:
    """A renewal takes two steps, and the second restores a pointer that is gone."""
    in_force = InForce(redis, context_of(ManualClock(START_NS), keys=REPLAY))
    turn = turn_of(10.0)
    for _ in range(10):
        await in_force.put(turn, turn.snapshots, 1.0)
        assert await redis.exists(*(REPLAY.latest(chain) for chain in CHAINS)) == len(CHAINS)
        await asyncio.gather(in_force.renew(1.0), in_force.withdraw())
        assert not await redis.exists(*(REPLAY.latest(chain) for chain in CHAINS))


async def test_what_is_set_back_while_it_is_renewed_stands_where_it_was_set(redis: Redis) -> None:
    in_force = InForce(redis, context_of(ManualClock(START_NS), keys=REPLAY))
    later, earlier = turn_of(20.0), turn_of(10.0)
    for _ in range(10):
        await in_force.put(later, later.snapshots, 1.0)
        await asyncio.gather(in_force.renew(1.0), in_force.put(earlier, earlier.snapshots, 1.0))
        for chain in CHAINS:
            assert await redis.get(REPLAY.latest(chain)) == REPLAY.snapshot(id_at(10.0, chain)).encode()
    assert (in_force.counters["failed"], in_force.counters["refused_older"]) == (0, 0)
