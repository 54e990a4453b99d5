"""The heatmap model of an underlying: what each strategy costs at each strike, width and expiration.

Tiles are named `{strategy}:{expiration}:{width}:{strike}:{side}`; the strike is the butterfly's centre, the vertical's
long leg or the single contract's own. Where two roots share a date, the side of the AM root is `call@SPX`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field, structs

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.text import clean, shown

HEATMAP_SCHEMA = 1

Strategy = Literal["butterfly", "vertical", "single"]
STRATEGIES: tuple[Strategy, ...] = ("butterfly", "vertical", "single")

Leg = tuple[float, int]  # strike in points, and quantity: negative is sold


class Tile(Struct, frozen=True, gc=False):
    """What one position costs, in points. `debit` is None and `na` true where the mids give a negative one."""

    debit: float | None
    max_profit: float | None  # None where there is no bound
    max_loss: float | None
    legs: tuple[Leg, ...]
    oldest_ms: Annotated[int, Meta(description="epoch ms of the oldest mid among the legs")]
    na: bool | UnsetType = UNSET


class ModelExpiration(Struct, frozen=True):
    """One expiration of the model, and what it was made from."""

    expiration: str
    dte: int
    snapshot: str  # payload key
    position: str  # id of the last entry of the stream included
    state: str  # FRESH, AGING, STALE ... of its snapshot


class HeatmapModel(Struct, frozen=True, kw_only=True):
    """The whole model under its key. `version` is a digest of the content: the same inputs give the same bytes."""

    schema: int = HEATMAP_SCHEMA
    underlying: str
    ts: Annotated[float, Meta(description="epoch seconds of the newest value in it")]
    version: str
    spot: float | None
    atm: int
    widths: tuple[float, ...]
    expirations: tuple[ModelExpiration, ...]
    tiles: Mapping[str, Tile] = field(default_factory=dict)


class HeatmapDiff(Struct, frozen=True, kw_only=True):
    """What leads from one version to the next; whoever does not hold `before` reads the whole model again.

    An empty `before` is held by nobody: the whole was written at the same time, and the diff lists no tiles.
    """

    schema: int = HEATMAP_SCHEMA
    underlying: str
    before: str
    version: str
    ts: float
    spot: float | None
    atm: int
    widths: tuple[float, ...]
    expirations: tuple[ModelExpiration, ...]
    changed: Mapping[str, Tile]
    removed: tuple[str, ...]

    @classmethod
    def to(
        cls,
        model: HeatmapModel,
        *,
        before: str = "",
        changed: Mapping[str, Tile] | None = None,
        removed: Sequence[str] = (),
    ) -> Self:
        """Return the diff that leads to a model, from nowhere unless it is said from which version and how."""
        return cls(
            underlying=model.underlying,
            before=before,
            version=model.version,
            ts=model.ts,
            spot=model.spot,
            atm=model.atm,
            widths=model.widths,
            expirations=model.expirations,
            changed={} if changed is None else changed,
            removed=tuple(removed),
        )


_Content = TypeVar("_Content", HeatmapModel, HeatmapDiff)
_VERSION_LENGTH = 40


def tile_name(strategy: Strategy, expiration: str, width: float, strike: float, side: str) -> str:
    """Return the name of a tile; widths and strikes as short as they can be written, `single` has width 0."""
    return f"{strategy}:{expiration}:{width:.10g}:{strike:.10g}:{side}"


MODEL_BYTES = 8 * 1024 * 1024
MODEL_FORM = Form(HeatmapModel, Limits(MODEL_BYTES, containers=400_000, values=1_000_000))
DIFF_FORM = Form(HeatmapDiff, Limits(MODEL_BYTES, containers=400_000, values=1_000_000))
ENCODER = msgspec.json.Encoder(order="deterministic")  # tiles by name: the same model is the same bytes


def read_model(raw: bytes, underlying: str) -> HeatmapModel:
    """Return the model of an underlying, its free strings clean; raises DecodeError."""
    return _cleaned(MODEL_FORM.decode(raw), underlying)


def read_diff(raw: bytes, underlying: str) -> HeatmapDiff:
    """Return a message of an underlying's channel, its free strings clean; raises DecodeError."""
    diff = _cleaned(DIFF_FORM.decode(raw), underlying)
    return structs.replace(diff, before=clean(diff.before, _VERSION_LENGTH))


def _cleaned(content: _Content, underlying: str) -> _Content:
    if content.underlying != underlying:
        raise DecodeError(f"underlying: {shown(content.underlying, 16)}, not {underlying}")
    return structs.replace(
        content,
        version=clean(content.version, _VERSION_LENGTH),
        expirations=tuple(
            structs.replace(
                each,
                expiration=clean(each.expiration, 24),
                snapshot=clean(each.snapshot, 128),
                position=clean(each.position, 40),
                state=clean(each.state, 24),
            )
            for each in content.expirations
        ),
    )
