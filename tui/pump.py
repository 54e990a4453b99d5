"""How the deck's queues of messages are worked off, however many keys, wheel turns and sizes wait in them."""

import asyncio

from textual import events
from textual.message import Message
from textual.message_pump import MessagePump


class FairPump(MessagePump):
    """Lets everything else on the loop have its turn between two messages.

    A queue that holds a message gives it without a pause, so a backlog would hold up every other queue, the painting,
    and whoever asks whether the loop still turns.
    """

    async def _dispatch_message(self, message: Message) -> None:
        await super()._dispatch_message(message)
        if self.message_queue_size:
            await asyncio.sleep(0)


class FittedPump(FairPump):
    """The pump of a screen that is laid out for the terminal's newest size only.

    A layout for another size than the one before posts that size to the screen once more. Two sizes that wait in its
    queue would therefore call each other up again and again, and the older could be the last.
    """

    async def on_event(self, event: events.Event) -> None:
        """Pass an event on, unless it tells a size that is no longer the terminal's."""
        if not isinstance(event, events.Resize) or event.size == self.app.size:
            await super().on_event(event)
