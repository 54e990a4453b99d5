"""One run of a hook's command: no shell, little environment, limited time, bounded output, nothing left behind."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from msgspec import Struct

from chain.clock import Clock
from chain.monitor.alerts.rule import Hook
from chain.private import child_environment
from chain.text import clean

_OF_A_DESKTOP = (
    *("HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),  # what notify-send needs
)
_MOST_OUTPUT = 4_096  # bytes
_MOST_WORDS = 200


class Ran(Struct, frozen=True):
    """How a run ended: why it failed, empty where it did not, and what it printed, in one clean line."""

    fault: str = ""
    said: str = ""


class _Output(asyncio.Protocol):
    """Keeps the first bytes that come, and takes the rest so that nobody waits to write them."""

    def __init__(self) -> None:
        self.kept = b""

    def data_received(self, data: bytes) -> None:
        self.kept += data[: _MOST_OUTPUT - len(self.kept)]


async def run_command(hook: Hook, told: bytes, clock: Clock) -> Ran:
    """Run a hook with `told` on its standard input, until it ends, or its time has passed, or it is cancelled."""
    output = _Output()
    with tempfile.TemporaryFile() as given:
        given.write(told)
        given.seek(0)
        async with _heard(output) as heard:
            try:
                process = await asyncio.create_subprocess_exec(
                    *hook.argv,
                    stdin=given,
                    stdout=heard,
                    stderr=heard,
                    env=child_environment(_OF_A_DESKTOP),
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                return Ran(f"cannot be run: {clean(error.strerror or type(error).__name__).lower()}")
            fault = await _ended(process, hook.timeout_s, clock)
    return Ran(fault, clean(" ".join(output.kept.decode("utf-8", "replace").split()), _MOST_WORDS))


async def _ended(process: asyncio.subprocess.Process, limit_s: float, clock: Clock) -> str:
    """Wait until a process ends, then end whatever it has left running; return why it failed, empty if not."""
    try:
        async with clock.timeout(limit_s):
            code = await process.wait()
    except TimeoutError:
        return f"took longer than {limit_s:g} s, and was ended"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if code < 0:
        return f"was ended by {signal.Signals(-code).name if -code in set(signal.Signals) else f'signal {-code}'}"
    return f"ended with exit code {code}" if code else ""


@asynccontextmanager
async def _heard(output: _Output) -> AsyncIterator[int]:
    """Give the end of a pipe to write to; what is written comes to `output`, to the last byte that is there."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    file = os.fdopen(reading, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: output, file)
    try:
        yield writing
    finally:
        os.close(writing)
        with suppress(BlockingIOError, OSError, ValueError):  # a pipe that was read to its end is closed already
            while data := file.read(_MOST_OUTPUT):
                output.data_received(data)
        transport.close()
