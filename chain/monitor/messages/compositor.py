"""A compositor's heartbeat: that it lives, which chains it stages, and which models it keeps."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct, structs

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.monitor.messages.fields import EXACT, Count, DateText, Epoch, Seconds, Underlying, promise
from chain.pipeline.staging import Dropped
from chain.redis.contract.poll_command import HEARTBEAT_BYTES
from chain.text import clean, shown

LEADING = "leading"
Status = Annotated[str, promise(enum=["leading", "standby", "stopped"])]


class StagedChain(Struct, frozen=True):
    """A chain as staged. `reason` says why it is not: no usable snapshot, or an old one."""

    underlying: Underlying
    expiration: DateText
    snapshot: Annotated[str, Meta(description="payload key of the snapshot beneath; empty before the first")] = ""
    position: Annotated[str, Meta(description="id of the last entry of the stream included")] = ""
    flushed: Annotated[Epoch | None, Meta(description="epoch seconds of the last write")] = None
    events: Annotated[Count, Meta(description="taken in since it began")] = 0
    dropped: Dropped = Dropped()
    reason: str = ""


class ModelStatus(Struct, frozen=True):
    """A heatmap model as last published. `reason` says why none is."""

    underlying: Underlying
    version: str = ""
    ts: Annotated[Epoch | None, Meta(description="epoch seconds of the newest value in it")] = None
    published: Annotated[Epoch | None, Meta(description="epoch seconds of its last write")] = None
    tiles: Count = 0
    reason: str = ""


class CompositorBeat(Struct, frozen=True):
    """One beat of a compositor, as it is written and as it is read."""

    service: Annotated[str, Meta(description="mmaker, or mmaker:replay")]
    ts: Epoch
    pid: Annotated[int, Meta(ge=0, le=EXACT)]
    status: Status
    since: Annotated[Epoch, Meta(description="epoch seconds at which it began")]
    interval_s: Annotated[Seconds, Meta(description="seconds between writes of a chain, at most")]
    position: Annotated[str, Meta(description="id of the last entry of the stream acknowledged")] = ""
    lag: Annotated[Count | None, Meta(description="entries of the stream not yet read; null if unknown")] = None
    pending: Annotated[Count | None, Meta(description="entries read and not yet acknowledged")] = None
    events: Annotated[Count, Meta(description="taken in since it began")] = 0
    events_s: Annotated[Seconds, Meta(description="events a second, over the last seconds")] = 0.0
    chains: tuple[StagedChain, ...] = ()
    models: tuple[ModelStatus, ...] = ()
    notice: Annotated[str, Meta(description="what it has to say: rebuilt from snapshots because ...")] = ""
    error: Annotated[str, Meta(description="why nothing is written; empty while it goes on")] = ""
    dropped: Annotated[Dropped, Meta(description="since it began to lead, of all chains and of none")] = Dropped()

    def encode(self) -> bytes:
        """Return the JSON that is set and published."""
        return msgspec.json.encode(self)


_BEAT = Form(CompositorBeat, Limits(HEARTBEAT_BYTES))


def read_compositor_beat(raw: bytes, service: str) -> CompositorBeat:
    """Return the beat under a service's key; every string has passed the sanitiser. Raises DecodeError."""
    beat = _BEAT.decode(raw)
    if beat.service != service:
        raise DecodeError(f"service: calls itself {shown(beat.service, 40)} under the key of {service}")
    return structs.replace(
        beat,
        status=clean(beat.status, 40),
        position=clean(beat.position, 40),
        notice=clean(beat.notice, 160),
        error=clean(beat.error, 160),
        chains=tuple(_cleaned_chain(each) for each in beat.chains),
        models=tuple(_cleaned_model(each) for each in beat.models),
    )


def _cleaned_chain(chain: StagedChain) -> StagedChain:
    return structs.replace(
        chain,
        underlying=clean(chain.underlying, 24),
        expiration=clean(chain.expiration, 24),
        snapshot=clean(chain.snapshot, 128),
        position=clean(chain.position, 40),
        reason=clean(chain.reason, 160),
    )


def _cleaned_model(model: ModelStatus) -> ModelStatus:
    return structs.replace(
        model,
        underlying=clean(model.underlying, 24),
        version=clean(model.version, 40),
        reason=clean(model.reason, 160),
    )
