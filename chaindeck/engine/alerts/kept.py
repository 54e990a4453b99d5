"""The file in which raised alerts outlive a run: what was told and acknowledged is not told again by the next."""

import hashlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from platformdirs import user_state_path

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.errors import DecodeError
from chain.monitor.alerts.alarm import Alarm, Phase
from chain.monitor.alerts.book import AlertKey
from chain.monitor.alerts.words import Place
from chain.monitor.messages.fields import Epoch
from chain.private import open_private, private_folder
from chain.text import clean

log = logging.getLogger(__name__)

KEPT_FOR_S = 3_600.0  # after a longer gap what was told then says nothing of now

_Text = Annotated[str, Meta(max_length=200)]


class _KeptAlarm(Struct, frozen=True):
    alert: _Text
    subject: _Text
    phase: Literal["raised", "acknowledged"]
    since: Epoch


class _Body(Struct, frozen=True):
    seen: Epoch  # when they were last judged
    alarms: list[_KeptAlarm]


_FORM = Form(_Body, Limits(size=4_000_000))


def kept_file(place: Place, program: str) -> Path | None:
    """Return where a program keeps its alerts on a Redis and prefix; None for a user without a home folder.

    A deck and a service beside it each tell in their own way, so each has a file of its own.
    """
    name = hashlib.sha256(f"{place.redis} {place.prefix}".encode()).hexdigest()[:16]
    path = user_state_path("chaindeck") / "alerts" / f"{program}-{name}.json"
    return path if path.is_absolute() else None


def load_kept(path: Path | None, now_s: float) -> Mapping[AlertKey, Alarm]:
    """Return the alerts that the run before this one left raised; none where it ended long ago, or cannot be read.

    `now_s` is the wall clock, epoch seconds.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            body = _FORM.decode(file.read(_FORM.limits.size + 1))
    except FileNotFoundError:
        return {}
    except (OSError, DecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        log.warning("alerts of the last run are not known, and may be raised again: %s: %s", clean(path), why)
        return {}
    if abs(now_s - body.seen) > KEPT_FOR_S:
        return {}
    return {AlertKey(one.alert, one.subject): Alarm(Phase(one.phase), one.since) for one in body.alarms}


def save_kept(path: Path, alarms: Mapping[AlertKey, Alarm], now_s: float) -> None:
    """Keep what is raised `now_s`, epoch seconds: all of it, or what was kept before; raises OSError."""
    kept = [
        _KeptAlarm(key.alert, key.subject, "raised" if alarm.phase is Phase.RAISED else "acknowledged", alarm.since)
        for key, alarm in alarms.items()
        if alarm.since is not None
    ]
    private_folder(path.parent)
    fresh = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(open_private(fresh), "wb") as file:
        file.write(msgspec.json.encode(_Body(now_s, kept)))
    fresh.replace(path)
