"""The fake vendor's bodies on the wire, and beside the official samples."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest

from tests.fake_massive import Chain, ChainBook, FakeMassive, IndexQuote, expirations, generate
from tests.fake_massive.capture import NEW_YORK
from tests.support.places import DATA

SPX = "/v3/snapshot/options/I:SPX"
REFERENCE = "/v3/reference/options/contracts"
MONDAY = datetime(2026, 7, 13, 10, 30, tzinfo=NEW_YORK)
DATES = expirations(MONDAY.date(), 3)
CHAIN = generate("SPX", as_of=MONDAY.timestamp(), spot=6853.25, dates=DATES, strikes=60, step=5)
VIX = IndexQuote(17.31, 16.52, 1_783_953_000_123_456_789, "CBOE Volatility Index")


@pytest.fixture
def fake() -> Iterator[FakeMassive]:
    with FakeMassive(ChainBook.of(CHAIN, indices={"I:VIX": VIX})) as server:
        yield server


@pytest.fixture
def client(fake: FakeMassive) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer demo"}
    with httpx.Client(base_url=fake.url, headers=headers, timeout=5) as session:
        yield session


@pytest.mark.parametrize("path", [SPX, REFERENCE, "/v3/snapshot", "/v1/marketstatus/now"])
def test_gzip_changes_the_wire_and_not_the_body(client: httpx.Client, path: str) -> None:
    params = {"limit": "250"}
    with client.stream("GET", path, params=params) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        raw = b"".join(packed.iter_raw())
    plain = client.get(path, params=params, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    unpacked = json.loads(gzip.decompress(raw))  # checks CRC and length too
    assert unpacked.get("results") == plain.json().get("results")
    assert len(raw) < len(plain.content)


def key_paths(value: object, path: str = "") -> set[str]:
    if isinstance(value, dict):
        inner = [key_paths(block, f"{path}.{name}") for name, block in value.items()]
        return {path}.union(*inner)
    if isinstance(value, list) and any(isinstance(row, dict | list) for row in value):
        return set[str]().union(*(key_paths(row, path) for row in value))
    return {path}


def test_shapes_are_those_of_the_official_samples(client: httpx.Client) -> None:
    spec = json.loads((DATA / "vendor/rest_examples_options.json").read_bytes())
    chain_shape = spec["/v3/snapshot/options/{underlyingAsset}"]
    contract_shape = spec["/v3/snapshot/options/{underlyingAsset}/{optionContract}"]
    universal_shape = {**spec["/v3/snapshot"], "results": spec["/v3/snapshot"]["results"][0]}
    # Documented, and absent from the samples alone: index points, groups; a plan's or an adjusted contract's.
    extra = {".results.underlying_asset.value", ".next_url", ".indicesGroups.s_and_p", ".indicesGroups.cccy"}
    extra |= {".indicesGroups", ".indicesGroups.dow_jones"}
    absent = {".results.underlying_asset.price", ".results.fmv", ".results.details.underlying_ticker"}
    ticker = next(item["details"]["ticker"] for item in CHAIN.items if {"greeks", "last_trade"} <= item.keys())
    for path, params, sample in (
        (SPX, {"limit": 250}, [chain_shape, contract_shape]),
        (f"{SPX}/{ticker}", {}, [contract_shape]),
        ("/v3/snapshot", {"ticker": ticker}, [universal_shape]),
        ("/v3/snapshot/indices", {"ticker.any_of": "I:VIX,I:NOPE"}, [spec["/v3/snapshot/indices"]]),
        (REFERENCE, {}, [spec[REFERENCE]]),
        ("/v1/marketstatus/now", {}, [spec["/v1/marketstatus/now"]]),
        ("/v1/marketstatus/upcoming", {}, [spec["/v1/marketstatus/upcoming"]]),
    ):
        ours = key_paths(client.get(path, params=params).json())
        theirs = key_paths(sample)
        assert ours - theirs <= extra, path
        missing = {name for name in theirs - ours if not name.startswith(".results.additional_underlyings")}
        assert {name for name in missing if "_trading_change" not in name} <= absent, path


def test_the_official_sample_is_served_as_it_is(fake: FakeMassive, client: httpx.Client) -> None:
    sample = json.loads((DATA / "vendor/v3_snapshot_options_AAPL.json").read_bytes())
    fake.book = ChainBook.of(Chain("AAPL", 159.9606, sample["results"]))
    assert client.get("/v3/snapshot/options/AAPL").json()["results"] == sample["results"]
