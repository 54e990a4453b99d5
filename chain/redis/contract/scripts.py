"""The contract's Lua scripts: read once per process, run by digest.

Each script is atomic. Its file documents KEYS, ARGV and the return value at the top, and
names the shared parts it includes (`-- include: calls clock`).
"""

import hashlib
import logging
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, ResponseError
from redis.typing import EncodableT

from chain.errors import RedisUnavailableError
from chain.redis.connect.causes import HUNG_UP, REFUSALS, redis_cause
from chain.redis.connect.connection import redis_call
from chain.redis.connect.reply_limit import DEFAULT_BYTES

log = logging.getLogger(__name__)

ScriptName = Literal[
    "acknowledge",
    "claim_entries",
    "extend_payload",
    "force",
    "forget_consumers",
    "move_pointer",
    "nothing",
    "publish",
    "publish_model",
    "put_payload",
    "range_entries",
    "read_entries",
    "stage",
    "stream_place",
    "stream_signs",
    "withdraw",
]
_INCLUDE = re.compile(r"^-- include: (.+)$", re.MULTILINE)
_BY_DIGEST = "EVALSHA"

Command = Sequence[EncodableT]


class Script(NamedTuple):
    """A script's source, and the SHA-1 by which Redis knows it."""

    source: str
    digest: str


class ScriptCall(NamedTuple):
    """One call: the script, its keys, and its other arguments."""

    name: ScriptName
    keys: Sequence[str]
    args: Sequence[EncodableT] = ()


@cache
def script(name: ScriptName) -> Script:
    """Return a script with the shared parts that it includes."""
    own = _read(name)
    shared = [part for line in _INCLUDE.findall(own) for part in line.split()]
    source = "\n".join([*map(_read, shared), own])
    return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


def _read(name: str) -> str:
    return files(__package__).joinpath("lua", f"{name}.lua").read_text("utf-8")


class Replies(NamedTuple):
    """Replies to one request, errors included: to the commands before the scripts, the scripts, those after."""

    before: Sequence[Any]
    calls: list[Any]
    after: Sequence[Any]


class ScriptRunner:
    """Runs scripts on one Redis: by digest, or with the source if Redis does not know the script yet.

    If a Redis, its ACL or a proxy accepts no digests, the source is sent from then on.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._whole = False  # whether digests are refused
        self._met = False  # whether a digest was ever accepted

    async def run(
        self,
        calls: Sequence[ScriptCall],
        *,
        before: Sequence[Command] = (),
        after: Sequence[Command] = (),
        most: int = DEFAULT_BYTES,
    ) -> Replies:
        """Run scripts, with plain commands before and after them, in one request; raises RedisUnavailableError.

        Replies of more than `most` bytes together are refused.
        The commands after are repeated if a script had to be sent again. On a cluster, a node that did not answer
        is an error among the replies.
        """
        if self._whole:
            return await self._send(calls, before, after, most, whole=True)
        try:
            replies = await self._send(calls, before, after, most, whole=False)
        except RedisUnavailableError as error:
            if error.code not in HUNG_UP or self._met:
                raise
            replies = await self._send(
                calls, before, after, most, whole=True
            )  # some proxies close the connection at an unknown command
            self._send_whole(str(error))
            return replies
        again = [at for at, reply in enumerate(replies.calls) if self._must_be_whole(reply)]
        if not again:
            return replies
        second = await self._send([calls[at] for at in again], (), after, most, whole=True)
        for at, reply in zip(again, second.calls, strict=True):
            replies.calls[at] = reply
        return replies._replace(after=second.after)

    async def run_whole(self, call: ScriptCall) -> object:
        """Return the reply to a call that sends its source."""
        return (await self._send([call], (), (), DEFAULT_BYTES, whole=True)).calls[0]

    async def _send(
        self,
        calls: Sequence[ScriptCall],
        before: Sequence[Command],
        after: Sequence[Command],
        most: int,
        *,
        whole: bool,
    ) -> Replies:
        pipe = self._redis.pipeline(transaction=False)
        for command in before:
            pipe.execute_command(*command)
        for call in calls:
            one = script(call.name)
            word, text = ("EVAL", one.source) if whole else (_BY_DIGEST, one.digest)
            # Not pipe.evalsha, which a cluster's pipeline does not have.
            pipe.execute_command(word, text, len(call.keys), *call.keys, *call.args)
        for command in after:
            pipe.execute_command(*command)
        async with redis_call(most=most):
            replies = await pipe.execute(raise_on_error=False)
        end = len(before) + len(calls)
        return Replies(replies[: len(before)], replies[len(before) : end], replies[end:])

    def _must_be_whole(self, reply: object) -> bool:
        """Return whether a reply says that Redis does not know a script, or accepts no digests."""
        self._met = self._met or not isinstance(reply, Exception) or isinstance(reply, NoScriptError)
        if isinstance(reply, NoScriptError):
            return True
        if not isinstance(reply, ResponseError):
            return False
        cause = redis_cause(reply)
        refused = cause.code in REFUSALS and _BY_DIGEST in cause.sentence
        if refused:
            self._send_whole(cause.sentence)
        return refused

    def _send_whole(self, why: str) -> None:
        if not self._whole:
            log.info("scripts are sent whole from now on: %s", why)
        self._whole = True
