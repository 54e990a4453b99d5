"""Parquet as an engine reads it: every contract of every snapshot, typed, and the queries that the documents show."""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from chain.model.keys import KeySchema, SnapshotId
from tape.errors import TapeError
from tape.store.facts import Fact, FactKind, MomentKind
from tape.store.file import TapeFile
from tape.store.words import PayloadWords, put
from tape.tools.parquet import ContractRow, Exported, export_parquet
from tests.support.places import ROOT
from tests.support.scenes import NDX, SPX, START_NS
from tests.support.tapes import instant, moment, payload, recording, write

KEYS = KeySchema()


def export(tape: Path, folder: Path) -> Exported:
    with TapeFile(tape) as read:
        return export_parquet(read, folder, lambda damage: pytest.fail(damage.what))


def query(sql: str, folder: Path) -> list[tuple[Any, ...]]:
    duckdb = pytest.importorskip("duckdb", reason="the extra's wheel cannot be installed here")
    found: list[tuple[Any, ...]] = duckdb.sql(sql.replace("DIR", str(folder))).fetchall()
    return found


def everything(folder: Path, what: str) -> list[tuple[Any, ...]]:
    return query(f"SELECT {what} FROM read_parquet('DIR/**/*.parquet', hive_partitioning = true)", folder)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("duckdb", reason="the extra's wheel cannot be installed here")
    folder = tmp_path_factory.mktemp("parquet")
    done = export(write(folder / "a.tape", recording(30)), folder / "out")
    assert done == Exported(6, 6 * 24, 2, 0)
    return folder / "out"


def test_contracts_and_open_interest_are_those_of_the_payloads(exported: Path) -> None:
    items = [item for at in (0, 10, 20) for of in (SPX, NDX) for item in orjson.loads(payload(at, of))["contracts"]]
    [(count, oi, keys)] = everything(exported, "count(*), sum(open_interest), count(DISTINCT key)")
    assert (count, oi, keys) == (len(items), sum(item["open_interest"] for item in items), 6)
    told = everything(exported, "underlying, date::VARCHAR, side, strike, bid, quoted_ns")
    assert Counter(told) == Counter(
        (
            item["details"]["ticker"].removeprefix("O:")[:3],
            "2026-01-02",
            item["details"]["contract_type"],
            item["details"]["strike_price"],
            item["last_quote"]["bid"],
            item["last_quote"]["last_updated"],
        )
        for item in items
    )


def test_the_documents_queries_answer(exported: Path) -> None:
    queries = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "research.md").read_text(), re.DOTALL)
    assert len(queries) == 3
    mids, exposure, late = (query(sql, exported) for sql in queries)
    assert [(row[0], row[1]) for row in mids] == [
        (START_NS // 10**6 + 1000 * at, side) for at in (0, 10, 20) for side in ("call", "put")
    ]
    assert {round(row[2], 2) for row in mids} == {10.2, 10.5, 10.8}
    assert len(exposure) == 24
    assert {row[3] for row in exposure} == {1800.0}
    assert {round(row[4], 6) for row in exposure} == {0.0}  # calls and puts alike
    assert sum(row[3] for row in late) == 6
    assert all(0 <= row[4] < 0.1 for row in late)


def test_the_documents_name_every_column() -> None:
    text = (ROOT / "docs" / "research.md").read_text()
    assert [name for name in ContractRow.__struct_fields__ if f"`{name}`" not in text] == []


def test_odd_fields_are_null_and_what_is_no_snapshot_is_counted(tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="the extra's wheel cannot be installed here")
    body = orjson.loads(payload(0))
    first, second, third = body["contracts"][:3]
    first["last_quote"] = {"bid": "ten", "ask": 1e308, "last_updated": 2**70}
    second["greeks"], second["details"]["ticker"] = [1], 7
    body["contracts"] = [first, second, third]
    raws = [json.dumps(body).encode(), b"{"]

    def told(at: int, raw: bytes) -> Fact:
        words = PayloadWords(KEYS.snapshot(SnapshotId(SPX, instant(at).wall_ms)))
        return Fact(FactKind.PAYLOAD, str(SPX), put(words), raw)

    tape = write(tmp_path / "a.tape", [moment(at, told(at, raw), kind=MomentKind.FETCH) for at, raw in enumerate(raws)])
    assert export(tape, tmp_path / "out") == Exported(1, 3, 1, 1)
    rows = everything(tmp_path / "out", "bid, ask, quoted_ns, delta, ticker IS NULL")
    assert rows[0][:3] == (None, 1e308, None)
    assert rows[1][3:] == (None, True)
    assert rows[2][0] is not None


def test_a_folder_is_added_to_and_no_file_written_over(tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="the extra's wheel cannot be installed here")
    one, other = (write(tmp_path / name, recording(5)) for name in ("a.tape", "it's b.tape"))
    export(one, tmp_path / "out")
    export(other, tmp_path / "out")
    assert everything(tmp_path / "out", "count(*)") == [(2 * 48,)]
    with pytest.raises(TapeError, match=r"a-0000\.parquet: is there already"):
        export(one, tmp_path / "out")


def test_without_the_extra_it_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    tape = write(tmp_path / "a.tape", recording(1))
    with pytest.raises(TapeError, match=r"needs DuckDB: install chaindeck\[parquet\]"):
        export(tape, tmp_path / "out")
    assert not (tmp_path / "out").exists()
