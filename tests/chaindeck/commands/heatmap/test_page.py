"""`chaindeck heatmap`: the tiles around the ATM with the model's age, the model as JSON, and why there is none."""

from pathlib import Path

import orjson
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from chain.model.keys import KeySchema
from chain.pipeline.heatmap import ENCODER, HeatmapModel
from chain.redis.contract.models import ModelWriter
from chaindeck.exits import Exit
from tests.support.heatmaps import DATES, heatmap_model
from tests.support.product import run
from tests.support.schemas import validator

pytestmark = pytest.mark.slow


async def publish(redis: Redis, model: HeatmapModel) -> None:
    await ModelWriter(redis, KeySchema()).publish("SPX", ttl_ms=60_000, whole=ENCODER.encode(model))


async def test_the_tiles_around_the_atm_and_how_old_they_are(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    model = heatmap_model()
    await publish(redis, model)
    ended = run(tmp_path, "heatmap", redis_url)
    assert (ended.returncode, ended.stderr) == (0, "")
    title, told, head, *rows = ended.stdout.splitlines()
    assert " LAST GOOD 01-02 10:00:00, no colours" in told
    assert title.split()[:5] == ["HEATMAP", "SPX", "butterfly", "call", "STALE"]
    assert "strike x width" in title
    assert head.split() == ["STRIKE", "20", "25", "30", "35", "40", "45", "50"]
    [atm] = [row for row in rows if f"[{model.atm}]" in row]
    debit = model.tiles[f"butterfly:{DATES[0]}:20:{model.atm}:call"].debit
    assert atm.split()[1] == f"{debit:.2f}"


async def test_another_page_is_asked_for_by_name(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    await publish(redis, heatmap_model())
    day = DATES[2].isoformat()
    ended = run(tmp_path, "heatmap", redis_url, "--strategy", "vertical", "--side", "put", "--expiration", day)
    assert ended.stdout.split()[2:4] == ["vertical", "put"]
    ended = run(tmp_path, "heatmap", redis_url, "--strategy", "single")
    assert "strike x DTE" in ended.stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--expiration", "2020-01-02", "--expiration 2020-01-02 is not in the model: there are 2026-01-02, "),
        ("--side", "call@SPX", "--side call@SPX is not in the model: there are call, put"),
    ],
)
async def test_a_page_that_is_not_there_is_said_with_those_that_are(
    redis: Redis, redis_url: str, tmp_path: Path, flag: str, value: str, words: str
) -> None:
    await publish(redis, heatmap_model())
    ended = run(tmp_path, "heatmap", redis_url, flag, value)
    assert ended.returncode == Exit.USAGE
    assert words in ended.stderr


async def test_the_model_as_json_keeps_its_schema(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    model = heatmap_model()
    await publish(redis, model)
    body = orjson.loads(run(tmp_path, "heatmap", redis_url, "--json").stdout)
    validator("heatmap").validate(body)
    assert body == orjson.loads(ENCODER.encode(model))


async def test_where_there_is_none_it_says_why(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    ended = run(tmp_path, "heatmap", redis_url, "--underlying", "NDX")
    assert (ended.returncode, ended.stdout) == (Exit.UNAVAILABLE, "")
    assert ended.stderr.splitlines()[0] == ("chaindeck: no heatmap model of NDX: no compositor was heard on this Redis")
    await redis.set(KeySchema().heatmap("SPX"), b'{"schema":1}')
    ended = run(tmp_path, "heatmap", redis_url, "--underlying", "SPX")
    assert ended.returncode == Exit.UNAVAILABLE
    assert ended.stderr == "chaindeck: no heatmap model of SPX: underlying: missing\n"


async def test_a_model_without_tiles_says_what_it_lacks(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    await publish(redis, replace(heatmap_model(), tiles={}))
    ended = run(tmp_path, "heatmap", redis_url)
    assert (ended.returncode, ended.stdout) == (Exit.UNAVAILABLE, "")
    assert ended.stderr == ("chaindeck: the heatmap model of SPX is empty: no contract has a sound two-sided quote\n")


def test_a_redis_that_is_gone_is_told(tmp_path: Path) -> None:
    ended = run(tmp_path, "heatmap", "redis://127.0.0.1:1")
    assert ended.returncode == Exit.UNAVAILABLE
    assert "refused" in ended.stderr
