"""A ticking strike grid on the deck's own panel against the same on a coloured DataTable, each on a terminal."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

import orjson

from benchmarks.rows import Row, less_by
from benchmarks.terminal import running

_REPETITIONS = 5
_TIMEOUT_S = 60.0
_AIM_CPU, _AIM_BYTES = 15.0, 10.0


@dataclass(frozen=True, slots=True)
class _Cost:
    cpu_ms: float
    size: float  # bytes


def run() -> list[Row]:
    """Return processor time, ms, and bytes of one tick."""
    from benchmarks.grid_apps import EVERY_S, FULL_WIDTH, MEASURED  # noqa: PLC0415 - loads Textual

    panel: list[_Cost] = []
    table: list[_Cost] = []
    for _ in range(_REPETITIONS):
        panel.append(_cost("panel", MEASURED))
        table.append(_cost("table", MEASURED))
    idle = _cost("idle", MEASURED)
    full = [_cost("full", MEASURED, columns=FULL_WIDTH) for _ in range(_REPETITIONS)]
    note = f"45 x 11 cells, 2 % change a tick, {1 / EVERY_S:g} ticks/s, 140x50; DataTable with styled cells"
    wide = f"the same at {FULL_WIDTH} columns, with bars, tags and bands"
    return [
        less_by(_AIM_CPU, "grid-repaint cpu", "ms/tick", [c.cpu_ms for c in panel], [c.cpu_ms for c in table], note),
        less_by(_AIM_BYTES, "grid-repaint output", "bytes/tick", [c.size for c in panel], [c.size for c in table]),
        Row("grid-repaint idle app", "ms/tick", idle.cpu_ms, note=f"contained in both; {idle.size:g} bytes a tick"),
        Row("grid-repaint all columns, cpu", "ms/tick", median(c.cpu_ms for c in full), note=wide),
        Row("grid-repaint all columns, output", "bytes/tick", median(c.size for c in full)),
    ]


def _cost(app: Literal["panel", "table", "idle", "full"], ticks: int, columns: int = 140) -> _Cost:
    """Run one app to its end and return what a tick cost it."""
    with tempfile.TemporaryDirectory(prefix="cd-") as folder:
        report = Path(folder) / "report.json"
        with running(["-m", "benchmarks.grid_apps", app, str(report)], columns=columns, rows=50) as terminal:
            if terminal.drain(_TIMEOUT_S):
                raise RuntimeError(f"the {app} app did not end in {_TIMEOUT_S:g} s")
            if not report.exists():
                raise RuntimeError(f"the {app} app failed: {terminal.last_words}")
            (since, cpu_from), (until, cpu_to) = orjson.loads(report.read_bytes()).values()
            return _Cost((cpu_to - cpu_from) * 1000 / ticks, terminal.received(since, until) / ticks)
