"""Why a Redis failed, in the words of the catalogue: what its replies mean, and the cures that a Redis URL offers."""

import re

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from chain.causes import (
    CLOSED,
    FILE_DENIED,
    FILE_MISSING,
    NO_ANSWER,
    NO_ROUTE,
    REFUSED,
    RESET,
    TLS_CLIENT,
    TLS_CUT,
    TLS_NOT_SPOKEN,
    TLS_SELF_SIGNED,
    TLS_UNTRUSTED,
    Cause,
    causal_chain,
    cause_of,
)

AUTH_WRONG = Cause("auth-wrong", "Redis refused the user or password", "check both, and that the user is on")
AUTH_MISSING = Cause("auth-missing", "this Redis asks for a password", "write it into the URL: redis://:PASSWORD@host")
AUTH_NOT_SET = Cause("auth-not-set", "the URL has a password, but this Redis has none set", "take it out of the URL")
NO_COMMAND = Cause("no-command", "this Redis has no command {command}")
NO_RIGHT = Cause("no-right", "this Redis user has no right to run {command}")
NO_RIGHT_KEY = Cause("no-right-key", "this Redis user has no right to the key{of}")
NO_RIGHT_CHANNEL = Cause("no-right-channel", "this Redis user has no right to the channel{of}")
LOADING = Cause("loading", "Redis is loading its data")
READ_ONLY = Cause("read-only", "this Redis is a read-only replica", "publish to the primary")
OUT_OF_MEMORY = Cause("out-of-memory", "Redis is out of memory", "raise maxmemory or set maxmemory-policy volatile-ttl")
PRIMARY_DOWN = Cause("primary-down", "this Redis is a replica that has lost its primary")
NOT_SAVING = Cause("not-saving", "Redis takes no writes because it cannot save to its disk", "see its log")
FEW_REPLICAS = Cause("few-replicas", "Redis takes no writes because too few replicas follow it", "bring them back")
BUSY_SCRIPT = Cause("busy-script", "Redis is busy with a script that does not end", "SCRIPT KILL ends it")
PROTECTED = Cause("protected-mode", "Redis is in protected mode and serves its own machine only", "set a password")
MAX_CLIENTS = Cause("max-clients", "Redis has no connection free", "raise maxclients, or close some clients")
CLUSTER_DOWN = Cause("cluster-down", "the cluster is down", "some of its slots are served by no node")
CLUSTER_NONE = Cause("cluster-none", "no cluster answers there", "redis:// is for a single Redis")
CLUSTER_LOST = Cause("cluster-lost", "no node of the cluster answers ({why})")
CLUSTER_NODE = Cause("cluster-node", "this Redis is a node of a cluster", "write redis+cluster:// in its URL")
SENTINEL_LOST = Cause("sentinel-lost", "no Sentinel answers ({why})")
SENTINEL_DOWN = Cause("sentinel-down", "the Sentinels call the primary down", "a failover may be on its way")
SENTINEL_AUTH = Cause(
    "sentinel-auth", "the Sentinel refused the user or password", "they are ?sentinel_username and ?sentinel_password"
)
SENTINEL_NONE = Cause("sentinel-none", "no Sentinel answers there", "redis:// is for a single Redis")
SENTINEL_UNKNOWN = Cause("sentinel-unknown", "no Sentinel names a primary", "check the service's name in the URL")
ENDED = Cause("connect-ended", "connection closed at the first word", "if it speaks TLS, write rediss:// in the URL")
TLS_ENDED = Cause(
    "tls-ended", "connection closed after the TLS handshake", "it may want a client certificate: ?ssl_certfile=FILE"
)
NOT_REDIS = Cause("not-redis", "what answers there is no Redis")
TOO_LONG = Cause("too-long", "this Redis takes no value as long as this one", "raise proto-max-bulk-len")
OTHER = Cause("other", "{words}")
DATABASE = Cause("database", "this Redis has no database of that number")

_CURES = {
    TLS_UNTRUSTED.code: "name its CA file in the URL: ?ssl_ca_certs=FILE",
    TLS_SELF_SIGNED.code: "name it in the URL: ?ssl_ca_certs=FILE",
    TLS_NOT_SPOKEN.code: "write redis:// in the URL, or use its TLS port",
    TLS_CUT.code: "write redis:// in the URL if this port is a plain one",
    TLS_CLIENT.code: "name one in the URL: ?ssl_certfile=FILE&ssl_keyfile=FILE",
    REFUSED.code: "no Redis listens at that address",
}
_SOCKET = {
    FILE_MISSING.code: Cause("socket-missing", "no such socket", "no Redis listens at that path"),
    FILE_DENIED.code: Cause("socket-denied", "permission denied", "this user may not open the socket"),
}
# Not outages: this Redis lacks a command, or this user may not run it.
REFUSALS = frozenset({NO_COMMAND.code, NO_RIGHT.code, NO_RIGHT_KEY.code, NO_RIGHT_CHANNEL.code})
# How some proxies refuse a command that they do not know.
HUNG_UP = frozenset({CLOSED.code, RESET.code})
# Causes for which there was no answer at all.
UNHEARD = {NO_ANSWER.code, REFUSED.code, RESET.code, CLOSED.code, NO_ROUTE.code, OTHER.code}
# The first word of a Redis error reply, where it alone says what is wrong.
_BY_WORD = {
    "WRONGPASS": AUTH_WRONG,
    "NOAUTH": AUTH_MISSING,
    "LOADING": LOADING,
    "READONLY": READ_ONLY,
    "OOM": OUT_OF_MEMORY,
    "MASTERDOWN": PRIMARY_DOWN,
    "MISCONF": NOT_SAVING,
    "NOREPLICAS": FEW_REPLICAS,
    "BUSY": BUSY_SCRIPT,
    "DENIED": PROTECTED,
    "-DENIED": PROTECTED,
    "CLUSTERDOWN": CLUSTER_DOWN,
    "MOVED": CLUSTER_NODE,
    "ASK": CLUSTER_NODE,
}
_BY_TEXT = (
    ("without any password configured", AUTH_NOT_SET),
    ("no password is set", AUTH_NOT_SET),
    ("invalid password", AUTH_WRONG),
    ("max number of clients", MAX_CLIENTS),
    ("cluster support disabled", CLUSTER_NONE),
    ("invalid bulk length", TOO_LONG),
    ("DB index is out of range", DATABASE),
)
_UNKNOWN = re.compile(r"unknown (?:sub)?command [`'\"]?([\w|-]+)", re.IGNORECASE)
_NUMBER = re.compile(r"Error (\d+) connecting to ")
_DENIED = re.compile(r"permissions to run the [`'\"]?([\w|-]+)", re.IGNORECASE)
SCRIPT_REFUSED = "REFUSED "  # prefix of our scripts' errors, before the refused command and the reason
_REFUSED = re.compile(rf"{SCRIPT_REFUSED}(\w+) (.*)", re.DOTALL)
_SCRIPT = re.compile(r"\s*(?:script: [0-9a-f]*,? ?(?:on )?)?@?user_script:.*|\s*\(call to .*", re.DOTALL)


class KnownFailureError(RedisConnectionError):
    """A connection failure that carries its cause."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(str(cause))
        self.cause = cause


def is_wrong_type(reply: object) -> bool:
    """Return whether a reply or error says that a key holds another type than the command is for."""
    return isinstance(reply, ResponseError) and "WRONGTYPE" in str(reply)


def redis_cause(error: BaseException, command: str = "") -> Cause:
    """Return why Redis failed; `command` names what was asked, where the reply does not."""
    for link in causal_chain(error):
        if isinstance(link, RedisError) and (cause := _of_redis(link, command)):
            return cause
        if isinstance(link, RedisClusterException):
            return _of_cluster(link)
        if isinstance(link, OSError) and (cause := cause_of(link)):
            return _of_socket(cause)
    if (number := _NUMBER.match(str(error))) and (cause := cause_of(OSError(int(number[1]), ""))):
        return _of_socket(cause)  # the client library, as it tries again, can lose what led to it
    return _in_its_words(error)


def _of_socket(cause: Cause) -> Cause:
    cause = _SOCKET.get(cause.code, cause)
    return cause.cured_by(_CURES.get(cause.code, cause.cure))


def _of_redis(error: RedisError, command: str) -> Cause | None:
    """Return what an error of the client library means; None if its own cause says more."""
    match error:
        case KnownFailureError():
            return error.cause
        case RedisTimeoutError():
            return NO_ANSWER
        case InvalidResponse():
            return NOT_REDIS
    return _of_reply(error, command)


def _of_cluster(error: RedisClusterException) -> Cause:
    """Return why there is no cluster: a node's reply, no answer at all, or missing slots."""
    inner = next((link for link in causal_chain(error) if isinstance(link, RedisError | OSError)), None)
    if inner is None:
        return CLUSTER_DOWN
    cause = redis_cause(inner)
    return CLUSTER_LOST.about(why=cause.sentence) if cause.code in UNHEARD else cause


def _of_reply(error: RedisError, command: str) -> Cause | None:
    """Return what an error reply means; None for a connection failure, which its own cause explains."""
    text = str(error)
    if inside := _REFUSED.search(text):
        return _inside_script(inside[1], _SCRIPT.sub("", inside[2]).strip())
    text = _SCRIPT.sub("", text).strip()
    word = getattr(error, "status_code", None) or text.split(" ", 1)[0]
    if word == "NOPERM" or "no permissions to" in text.lower():
        return _of_denial(text, command)
    if known := _BY_WORD.get(word) or next((cause for words, cause in _BY_TEXT if words in text), None):
        return known
    if found := _UNKNOWN.search(text):
        name = found[1].upper()
        return SENTINEL_NONE if name == "SENTINEL" else NO_COMMAND.about(command=name)
    return None


def _inside_script(command: str, text: str) -> Cause | None:
    """Return what Redis answered to one command of a script; old versions name neither command nor error code."""
    if "nknown" in text:
        return NO_COMMAND.about(command=command)
    if "t run this command" in text:
        return NO_RIGHT.about(command=command)
    if "access at least one of the keys" in text:
        return NO_RIGHT_KEY.about(of=f" of {command}")
    return _of_reply(ResponseError(text.lstrip("-")), command) or OTHER.about(words=text)


def _of_denial(text: str, command: str) -> Cause:
    if "channel" in text:
        return NO_RIGHT_CHANNEL.about(of=f" of {command}" if command else "")
    if found := _DENIED.search(text):
        return NO_RIGHT.about(command=found[1].upper().replace("|", " "))
    return NO_RIGHT_KEY.about(of=f" of {command}" if command else "")


def _in_its_words(error: BaseException) -> Cause:
    """Return an error that is not in the catalogue, in its own words, without script source or position."""
    text = _SCRIPT.sub("", str(error)).strip()
    if not isinstance(error, ResponseError) and "closed" in text.lower():
        return CLOSED
    return OTHER.about(words=text or type(error).__name__)
