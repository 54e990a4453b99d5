"""The JSON of `analytics`: every measure with unit, convention, inputs, and the contracts used and skipped."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from chain.analytics.measures.measure import Measure
from chain.model.keys import KeySchema
from chain.monitor.messages.fields import Count, DateText, Seconds, StateWord, promise
from chain.monitor.messages.health import Kind
from chaindeck.commands.analytics.look import Expiry, Underlying


class MeasureBody(Struct, frozen=True):
    """One derived number; null where it cannot be had, and `note` says why."""

    value: float | None
    unit: Annotated[str, Meta(description="points, fraction (0.14 is 14 %), ratio, or a unit of gamma exposure")]
    convention: Annotated[str, Meta(description="method and choices, in words")]
    used: Annotated[Count, Meta(description="contracts that the value rests on")]
    skipped: Annotated[dict[str, Count], Meta(description="contracts left out, by reason")]
    inputs: Annotated[dict[str, float | None], Meta(description="figures that went into it beside the contracts")]
    slice_only: Annotated[bool, Meta(description="whether it depends on strikes that the snapshot's range cuts off")]
    note: Annotated[str, Meta(description="why there is no value, or what to know of it; empty if nothing")]
    age_s: Annotated[Seconds, Meta(description="of its oldest snapshot")]


Measures = Annotated[dict[str, MeasureBody], promise(propertyNames={"pattern": "^[a-z][a-z0-9_]*$"})]


class ExpiryBody(Struct, frozen=True):
    """One expiration; without a valid snapshot it has no measures."""

    expiration: DateText
    snapshot: Annotated[str | None, Meta(description="key of the payload")]
    age_s: Seconds | None
    state: StateWord
    source: Kind
    settles: Annotated[Literal["AM", "PM"] | None, Meta(description="of the root at the money")]
    left_s: Annotated[Seconds | None, Meta(description="from the snapshot to that settlement")]
    measures: Measures


class UnderlyingBody(Struct, frozen=True):
    """One underlying; `totals` are over all its expirations that have a snapshot."""

    spot: Annotated[float | None, Meta(description="of the newest snapshot that has one, points")]
    expiries: list[ExpiryBody]
    totals: Measures


class AnalyticsBody(Struct, frozen=True, kw_only=True):
    """What the chains of one look say, by underlying."""

    schema: Literal[1] = 1
    underlyings: dict[str, UnderlyingBody]


def analytics_body(found: Sequence[Underlying], keys: KeySchema) -> AnalyticsBody:
    """Return what is printed as JSON."""
    return AnalyticsBody(underlyings={each.symbol: _underlying(each, keys) for each in found})


def _underlying(of: Underlying, keys: KeySchema) -> UnderlyingBody:
    expiries = [_expiry(of, expiry, keys) for expiry in of.expiries]
    return UnderlyingBody(of.across.spot, expiries, _measures(of, of.across.totals))


def _expiry(of: Underlying, expiry: Expiry, keys: KeySchema) -> ExpiryBody:
    chain, status = expiry.chain, expiry.status
    maturity = chain.maturity if chain else None
    return ExpiryBody(
        expiration=status.chain.expiry.isoformat(),
        snapshot=keys.snapshot(chain.snapshot) if chain else None,
        age_s=status.age_s,
        state=status.state,
        source=status.record.kind,
        settles=maturity.settles if maturity else None,
        left_s=maturity.seconds if maturity else None,
        measures=_measures(of, expiry.measures),
    )


def _measures(of: Underlying, measures: Mapping[str, Measure]) -> dict[str, MeasureBody]:
    return {name: _measure(measure, of.age_of(measure)) for name, measure in measures.items()}


def _measure(measure: Measure, age_s: float) -> MeasureBody:
    return MeasureBody(
        value=measure.value,
        unit=measure.unit,
        convention=measure.convention,
        used=measure.used,
        skipped=dict(measure.skipped),
        inputs=dict(measure.inputs),
        slice_only=measure.slice_only,
        note=measure.note,
        age_s=age_s,
    )
