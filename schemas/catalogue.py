"""Which schemas there are: each of a type by which the code itself writes or decodes."""

from pathlib import Path
from typing import Any

import orjson

from chain.audit.report import AuditBody
from chain.decode.schema import schema_of
from chain.model.snapshot import Body
from chain.monitor.alerts.body import AlertBody
from chain.monitor.messages.compositor import CompositorBeat
from chain.monitor.messages.event import EventMessage
from chain.monitor.messages.health import HealthBlock
from chain.monitor.messages.heartbeat import FullBeat
from chain.monitor.messages.recorder import RecorderBeat
from chain.monitor.messages.status import StatusBody
from chain.pipeline.heatmap import HeatmapDiff, HeatmapModel
from chain.pipeline.staging import Flush, StagedContract, StagingMeta
from chain.redis.contract.stream.signs import MARK
from chaindeck.commands.alert.body import AlertsBody
from chaindeck.commands.analytics.body import AnalyticsBody
from publisher.capture import RecordLine

FOLDER = Path(__file__).parent

_KINDS: dict[str, tuple[Any, str, str]] = {
    "heartbeat": (
        FullBeat,
        "chaindeck heartbeat",
        "Value of the key {service}:heartbeat (SET EX 15) and message on the channel of that name, every 5 s and after "
        "each cycle.",
    ),
    "recorder-heartbeat": (
        RecorderBeat,
        "chaindeck recorder heartbeat",
        "Value of the key {prefix}:recorder:heartbeat (SET EX 15) and message on the channel of that name, every 5 s.",
    ),
    "compositor-heartbeat": (
        CompositorBeat,
        "chaindeck compositor heartbeat",
        "Value of the key mmaker:heartbeat, or mmaker:replay:heartbeat (SET EX 15), and message on the channel of that "
        "name, every 5 s.",
    ),
    "event": (
        EventMessage,
        "chaindeck event",
        "Message on the channel {service}:events, and field `event` of the entries of the stream of that name.",
    ),
    "alert": (
        AlertBody,
        "chaindeck alert",
        "What the hook of an alert reads on its standard input: what was raised, and if that is asked for what is "
        "over, since it last ran. Ages in seconds.",
    ),
    "alerts": (
        AlertsBody,
        "chaindeck alerts",
        "What `chaindeck alert --once --json` prints: where every alert of the config file stands at one look.",
    ),
    "status": (
        StatusBody,
        "chaindeck status",
        "What `chaindeck status --json` prints: one look at a Redis. Ages and times to live in seconds.",
    ),
    "verify": (
        AuditBody,
        "chaindeck verify",
        "What `chaindeck verify --json` prints: a watch over a publisher, clause by clause of the contract.",
    ),
    "analytics": (
        AnalyticsBody,
        "chaindeck analytics",
        "What `chaindeck analytics --json` prints: what the chains of one look say, by expiration and in total. "
        "Ages in seconds.",
    ),
    "snapshot": (
        Body,
        "chain snapshot",
        "Value of {prefix}:chain:snapshot:{UNDERLYING}:{EXPIRY}:{TS_MS}. An item of `contracts` is the vendor's own "
        "object; the fields here are those that are looked at, and any of them may be missing.",
    ),
    "capture": (RecordLine, "recorded chain", "One line of a capture file: a whole chain of one underlying."),
    "staging": (
        StagedContract,
        "staged contract",
        "A field of the hash {mmaker}:chain:staging:{UNDERLYING}:{EXPIRY}, named by its ticker. Prices in points, IV "
        "as a fraction, greeks in the vendor's units.",
    ),
    "staging-meta": (
        StagingMeta,
        "staging",
        "The field `meta` of that hash: what its contracts stand on.",
    ),
    "staging-flush": (
        Flush,
        "staging flush",
        "Message on the channel {mmaker}:chain:flush at each write of that hash.",
    ),
    "heatmap": (
        HeatmapModel,
        "heatmap model",
        "Value of {prefix}:model:heatmap:{UNDERLYING}. Tiles are named "
        "{strategy}:{expiration}:{width}:{strike}:{side}; prices in points.",
    ),
    "heatmap-diff": (
        HeatmapDiff,
        "heatmap diff",
        "Message on the channel {prefix}:model:heatmap:{UNDERLYING}:diff: what leads from the version `before` to "
        "`version`. An empty `before`: read the whole.",
    ),
    "stream-mark": (
        MARK.kind,
        "stream mark",
        "Field `last_ts` of the hash massive:ws:analytics, as text: epoch seconds of the stream's last frame.",
    ),
}


# What is written all of it or none, by the type that carries it.
_TOGETHER: dict[Any, tuple[str, ...]] = {FullBeat: HealthBlock.__struct_fields__}


def files() -> dict[Path, bytes]:
    """Return what each schema file holds."""
    found: dict[Path, bytes] = {}
    for name, (kind, title, description) in _KINDS.items():
        schema = schema_of(kind, title, description)
        if together := _TOGETHER.get(kind):
            schema["dependentRequired"] = {one: [name for name in together if name != one] for one in together}
        found[FOLDER / f"{name}.schema.json"] = orjson.dumps(
            schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
    return found
