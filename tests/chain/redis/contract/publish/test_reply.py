"""The words of the scripts have one meaning, and each ends a publish in one way."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from chain.model.keys import KeySchema
from chain.redis.contract import scripts
from chain.redis.contract.publish.draft import Draft, PublishResult, PublishVerdict
from chain.redis.contract.publish.reply import PutReply, WriteReply, WriteWord
from tests.support.builders import small

LUA = Path(scripts.__file__).parent / "lua"
DRAFT = Draft.from_snapshot(small(), KeySchema())
SAID = {
    word
    for name in ("forward", "move_pointer", "publish")
    for word in re.findall(r"return '(\w+)'", (LUA / f"{name}.lua").read_text())
}


def test_every_word_of_the_scripts_has_a_meaning_and_no_other_word_is_known() -> None:
    assert {"moved", "older", "live", "late", "future", "lost"} == SAID
    for word in SAID:
        assert WriteReply.parse(word.encode()) == WriteReply(WriteWord(word))
    for word in set(WriteWord) - {WriteWord(said) for said in SAID}:
        assert WriteReply.parse(word.value.encode()).word is WriteWord.FAILED


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"REFUSED SET OOM command not allowed when used memory > 'maxmemory'.", "Redis is out of memory: "),
        (b"REFUSED TIME Unknown Redis command called from script", "this Redis has no command TIME"),
        (ResponseError("NOPERM User x has no permissions to run the 'set' command"), "no right to run SET"),
        (RedisConnectionError("Connection closed by server."), "connection closed"),
        (b"hello\x1b[31m", "Redis answered 'hello"),
        (17, "Redis answered '17'"),
        (None, "Redis answered "),
    ],
)
def test_what_is_no_word_is_a_failure_that_says_why(said: object, error: str) -> None:
    reply = WriteReply.parse(said)
    assert reply.word is WriteWord.FAILED
    assert error in reply.error
    assert reply.error.isprintable()


@given(st.binary(max_size=80))
def test_whatever_redis_says_is_parsed(said: bytes) -> None:
    reply = WriteReply.parse(said)
    assert reply.word is not WriteWord.FAILED or reply.error


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (1, PutReply(1)),
        (0, PutReply(refused=WriteReply(WriteWord.LOST))),
        (-1, PutReply(refused=WriteReply(WriteWord.TAKEN))),
        (-2, PutReply(refused=WriteReply(WriteWord.LOST))),
        (b"moved", PutReply(refused=WriteReply(WriteWord.FAILED, "Redis answered 'moved'"))),
    ],
)
def test_a_payload_ends_in_the_future_or_no_pointer_may_lead_to_it(said: object, reply: PutReply) -> None:
    assert PutReply.parse(said) == reply


@pytest.mark.parametrize("word", WriteWord)
def test_every_word_ends_a_publish_or_lets_it_try_the_next_millisecond(word: WriteWord) -> None:
    reply = WriteReply(word, "why" if word in (WriteWord.FAILED, WriteWord.UNRUN) else "")
    end = DRAFT.ended(reply)
    assert (end is None) == (word is WriteWord.TAKEN)
    if end is not None:
        assert (end.id, end.size) == (DRAFT.snapshot.id, len(DRAFT.body))
        assert (end.reason == "") == (end.verdict is PublishVerdict.PUBLISHED) == (word is WriteWord.MOVED)


def test_what_was_not_seen_after_it_is_not_published() -> None:
    assert DRAFT.ended(WriteReply(WriteWord.MOVED).seen(there=True)) == PublishResult(
        DRAFT.snapshot.id, PublishVerdict.PUBLISHED, len(DRAFT.body)
    )
    end = DRAFT.ended(WriteReply(WriteWord.MOVED).seen(there=False))
    assert end is not None
    assert (end.verdict, "evicted at once" in end.reason) == (PublishVerdict.FAILED, True)
    older = DRAFT.ended(WriteReply(WriteWord.OLDER).seen(there=False))
    assert older is not None
    assert older.verdict is PublishVerdict.REFUSED_OLDER
