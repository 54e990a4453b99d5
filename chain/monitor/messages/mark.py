"""The mark of a live publisher."""

from msgspec import Struct

from chain.decode.form import Form
from chain.decode.limits import Limits
from chain.monitor.messages.fields import Epoch
from chain.redis.contract.coordination.live_mark import MARK_BYTES


class LiveMarkBody(Struct, frozen=True):
    """Written by a live publisher under its prefix: `publisher` is host:pid:letters."""

    service: str = ""
    kind: str = ""
    publisher: str = ""
    since: Epoch | None = None


LIVE_MARK = Form(LiveMarkBody, Limits(MARK_BYTES))
