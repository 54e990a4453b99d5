"""What one chart costs a terminal and a processor, drawn by the deck's own cells, by plotext, and in pixels."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.rows import Row, less_by
from benchmarks.terminal import running

_TIMEOUT_S = 40.0
_REPETITIONS = 3
_SIZES = ((60, 10), (120, 20))
_WAYS = ("braille", "block", "ascii", "plotext", "pixels")
_COLOURS = {
    "true": {},
    "16": {"TEXTUAL_COLOR_SYSTEM": "standard"},
    "none": {"TEXTUAL_COLOR_SYSTEM": "standard", "NO_COLOR": "1"},
}
_AIM_CPU = 2.0


@dataclass(frozen=True, slots=True)
class _Cost:
    full: float  # bytes of a whole frame
    update: float  # bytes of the next smile
    cpu_ms: float  # of that, Textual's part included


def run() -> list[Row]:
    """Return bytes of a whole frame and of an update, and processor time of an update, ms."""
    rows = []
    for width, height in _SIZES:
        own, other = (_costs(way, "16", width, height) for way in ("braille", "plotext"))
        name, note = (
            f"chart {width}x{height}",
            "16 colours; a smile of 80 strikes, axes and spot; baseline plotext 5, braille",
        )
        rows += [
            less_by(1.0, f"{name} whole frame", "bytes", [c.full for c in own], [c.full for c in other], note),
            less_by(1.0, f"{name} next smile", "bytes", [c.update for c in own], [c.update for c in other]),
            less_by(_AIM_CPU, f"{name} cpu", "ms/smile", [c.cpu_ms for c in own], [c.cpu_ms for c in other]),
        ]
    return rows


def table() -> str:
    """Return every way on every terminal: bytes of a whole frame, bytes and processor time of the next smile."""
    lines = ["size     way      colours   frame B  update B   cpu ms"]
    for width, height in _SIZES:
        for way in _WAYS:
            for colours in _COLOURS:
                cost = _cost(way, colours, width, height)
                figures = f"{cost.full:8.0f} {cost.update:9.0f} {cost.cpu_ms:8.1f}"
                lines.append(f"{f'{width}x{height}':8} {way:8} {colours:8} {figures}")
    return "\n".join(lines)


def _costs(way: str, colours: str, width: int, height: int) -> list[_Cost]:
    return [_cost(way, colours, width, height) for _ in range(_REPETITIONS)]


def _cost(way: str, colours: str, width: int, height: int) -> _Cost:
    """Run one app to its end and return what it cost."""
    from benchmarks.chart_apps import FULL, UPDATES  # noqa: PLC0415 - loads Textual

    with tempfile.TemporaryDirectory(prefix="cd-") as folder:
        report = Path(folder) / "report.json"
        arguments = ["-m", "benchmarks.chart_apps", way, colours, f"{width}x{height}", str(report)]
        with running(arguments, columns=130, rows=30, also=_COLOURS[colours]) as terminal:
            if terminal.drain(_TIMEOUT_S):
                raise RuntimeError(f"the {way} app did not end in {_TIMEOUT_S:g} s")
            if not report.exists():
                raise RuntimeError(f"the {way} app failed: {terminal.last_words}")
            marks = orjson.loads(report.read_bytes())
            (begun, _), (since, cpu_from), (until, cpu_to) = (marks[name] for name in ("full", "updates", "end"))
            return _Cost(
                terminal.received(begun, since) / FULL,
                terminal.received(since, until) / UPDATES,
                (cpu_to - cpu_from) * 1000 / UPDATES,
            )


if __name__ == "__main__":
    print(table())
