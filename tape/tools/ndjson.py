"""A tape's snapshots as lines of JSON: the payloads as they were published, byte for byte."""

from base64 import b64encode
from collections.abc import Callable, Iterator

import orjson

from chain.decode.form import decode_plain
from chain.errors import DecodeError
from chain.model.snapshot import PAYLOAD_LIMITS
from tape.errors import DamagedError
from tape.store import words
from tape.store.facts import FactKind
from tape.store.file import TapeFile
from tape.store.rows import StoredFact
from tape.tools.scan import Damage, moments
from tape.tools.verify import damage_of


def payloads(tape: TapeFile, on_damage: Callable[[Damage], None]) -> Iterator[tuple[int, str, bytes]]:
    """Yield every payload that was read: when it was received, epoch ns, its key, and its bytes.

    One that was read again, and is the same, comes once; one that is damaged is told, and left out.
    """
    last: dict[str, tuple[str, bytes]] = {}
    for whole in moments(tape, on_damage):
        for fact in whole.facts:
            if fact.kind != FactKind.PAYLOAD or (fact.value is None and fact.packed is None):
                continue
            try:
                key, value = _key(fact), tape.value(fact)
            except DamagedError as error:
                on_damage(damage_of(fact, error))
                continue
            if value is not None and last.get(fact.name) != (key, value):
                last[fact.name] = key, value
                yield whole.moment.received.wall_ns, key, value


def line(received_ns: int, key: str, payload: bytes) -> bytes:
    """Return a payload as a line: as JSON where it is JSON on one line, else in base64."""
    head = b'{"received":%s,"key":%s,' % (orjson.dumps(received_ns / 1e9), orjson.dumps(key))
    if _is_one_line(payload):
        return head + b'"payload":' + payload + b"}\n"
    return head + b'"raw_base64":"' + b64encode(payload) + b'"}\n'


def _is_one_line(payload: bytes) -> bool:
    try:
        decode_plain(payload, PAYLOAD_LIMITS)
    except DecodeError:
        return False
    return b"\n" not in payload and b"\r" not in payload


def _key(fact: StoredFact) -> str:
    return words.get(words.PAYLOAD, fact.about, words.PayloadWords("")).key
