"""The heatmap model in one shot: the page that the deck shows, as text, or the model as JSON."""

import asyncio
import sys
from contextlib import aclosing

from msgspec import Struct
from msgspec.structs import replace

from chain.clock import Instant
from chain.context import Context
from chain.errors import DecodeError, RedisUnavailableError
from chain.monitor.evaluate.signals import HealthReport, evaluate
from chain.pipeline.heatmap import ENCODER, HeatmapModel, Strategy
from chain.pipeline.heatmap_index import index_of
from chain.redis.connect.connection import RedisTarget
from chain.redis.contract.models import fetch_model
from chain.text import clean
from chaindeck.commands.plain import WIDTH
from chaindeck.config.redis_location import running_place
from chaindeck.engine.watching import look_once
from chaindeck.exits import Exit, UsageError
from chaindeck.process.logs import log_nowhere
from tui.lines.heatmap.choice import TileChoice
from tui.lines.heatmap.frame import heat_title, legend
from tui.lines.heatmap.freshness import judged, model_age, why_none
from tui.lines.heatmap.matrix import Matrix, matrix_of
from tui.lines.heatmap.scale import Scale
from tui.lines.heatmap.table import Paint, heat_table
from tui.lines.line import plain
from tui.lines.strip import badge
from tui.ports.board_source import HeatmapView

_ROWS_AROUND = 12
_NO_TILES = "no contract has a sound two-sided quote"


class PageChoice(Struct, frozen=True):
    """Which page of which model; None leaves it to what there is."""

    underlying: str | None
    strategy: Strategy
    side: str
    expiration: str | None


def print_heatmap(context: Context, url: str | None, choice: PageChoice, *, as_json_text: bool) -> int:
    """Print the model of one look; return 0 if there is one, 2 if not."""
    log_nowhere()
    target = running_place(url).target
    view, report = asyncio.run(_look(target, context, choice.underlying))
    if view.model is None:
        for words in why_none(view, view.underlying, report):
            print(f"chaindeck: {words}", file=sys.stderr)
        return Exit.UNAVAILABLE
    if not view.model.tiles and not as_json_text:
        print(f"chaindeck: the heatmap model of {view.underlying} is empty: {_NO_TILES}", file=sys.stderr)
        return Exit.UNAVAILABLE
    print(ENCODER.encode(view.model).decode() if as_json_text else page(view, view.model, report, choice))
    return Exit.DONE


def page(view: HeatmapView, model: HeatmapModel, report: HealthReport, choice: PageChoice) -> str:
    """Return the tiles around the ATM as text; raise UsageError for a page that the model does not have."""
    model = judged(model, report)
    matrix = _matrix(model, choice)
    age = model_age(view, model, report, {column.expiration for column in matrix.columns})
    table = heat_table(matrix, Scale(), Paint(1), WIDTH, highest_first=False, current=age.is_current)
    centre = table.atm or 0
    rows = table.body[max(0, centre - _ROWS_AROUND) : centre + _ROWS_AROUND + 1]
    title = heat_title(view.underlying, matrix, age, badge(report.board), WIDTH)
    told = () if age.is_current else (legend(Scale(), Paint(1), WIDTH, age),)
    return "\n".join(plain(line) for line in (title, *told, *table.head, *rows))


def _matrix(model: HeatmapModel, choice: PageChoice) -> Matrix:
    index = index_of(model.tiles)
    expiration = choice.expiration or next(iter(index.expirations), "")
    if choice.expiration is not None and choice.expiration not in index.expirations:
        there = ", ".join(index.expirations) or "none"
        raise UsageError(f"--expiration {clean(choice.expiration, 24)} is not in the model: there are {there}")
    if choice.side not in index.sides:
        raise UsageError(f"--side {clean(choice.side, 24)} is not in the model: there are {', '.join(index.sides)}")
    matrix = matrix_of(model, index, TileChoice(strategy=choice.strategy, side=choice.side), expiration)
    return replace(matrix, row=None, column=None)  # there is no cursor


async def _look(target: RedisTarget, context: Context, underlying: str | None) -> tuple[HeatmapView, HealthReport]:
    """Return a model, or why there is none, beside the report of one poll."""
    report = evaluate(await look_once(target, context, "chaindeck-heatmap"), Instant.now(context.clock))
    symbol = underlying or next(iter(report.board.chains.underlyings), "SPX")
    async with aclosing(target.connect(name="chaindeck-heatmap")) as redis:
        try:
            return HeatmapView(symbol, await fetch_model(redis, context.keys, symbol)), report
        except RedisUnavailableError:
            return HeatmapView(symbol), report
        except DecodeError as error:
            return HeatmapView(symbol, fault=str(error)), report
