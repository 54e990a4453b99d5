"""Commands that run until told: a polite signal ends them at once, and whatever does not end is left behind in time."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.product import environment

PATIENCE_S = 1.0

STUBBORN = """
async def work():
    print("up", flush=True)
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
"""
BUSY = """
async def work():
    print("up", flush=True)
    while True:
        pass
"""
POLITE = """
async def work():
    print("up", flush=True)
    await asyncio.sleep(3600)
"""
NEVER_CLOSED = """
async def work():
    try:
        print("up", flush=True)
        await asyncio.sleep(3600)
    finally:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass
"""
PROGRAM = """
import asyncio, logging
from chaindeck.process import ended as told
logging.basicConfig(format="%(message)s")
told.PATIENCE_S = {patience}
{work}
ended = told.run_until_signal(work(), lambda: print("released", flush=True))
print("ended by", ended.signal, flush=True)
"""

SWALLOWING_PUBLISHER = """
import asyncio, sys
from publisher.loop.cadence import Cadence
from chaindeck.start import main
async def swallow(self):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
Cadence.run = swallow
main()
"""


@pytest.fixture
def deaf_url() -> Iterator[str]:
    """Give the address of what takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


def started(home: Path, code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment(home),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def up(home: Path, work: str) -> "subprocess.Popen[str]":
    process = started(home, PROGRAM.format(work=work, patience=PATIENCE_S))
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_polite_signal_ends_what_runs_and_is_named(tmp_path: Path, number: signal.Signals) -> None:
    process = up(tmp_path, POLITE)
    began = time.monotonic()
    process.send_signal(number)
    said, errors = process.communicate(timeout=10)
    assert (process.returncode, said, errors) == (0, f"ended by {number.value}\n", "")
    assert time.monotonic() - began < PATIENCE_S + 2


@pytest.mark.slow
@pytest.mark.parametrize("work", [STUBBORN, BUSY, NEVER_CLOSED])
def test_what_does_not_end_is_left_in_time_and_said(tmp_path: Path, work: str) -> None:
    process = up(tmp_path, work)
    process.send_signal(signal.SIGTERM)
    said, errors = process.communicate(timeout=PATIENCE_S + 10)
    assert process.returncode == 70
    assert said == "released\n"
    assert "did not end within 1 s" in errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_part_that_swallows_every_cancellation_keeps_no_farewell_back(tmp_path: Path, redis_url: str) -> None:
    arguments = ("publish", "--redis-url", redis_url, "--underlyings", "SPX")
    process = started(tmp_path, SWALLOWING_PUBLISHER, *arguments)
    assert process.stderr is not None
    for line in iter(process.stderr.readline, ""):
        if "publishing mock data" in line:
            break
    os.kill(process.pid, signal.SIGTERM)
    began = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 70
    assert "publisher does not end when cancelled, and is abandoned" in errors
    assert time.monotonic() - began < 12
    assert "Traceback" not in errors


def test_a_publisher_says_at_once_what_it_waits_for_and_ends_politely(tmp_path: Path, deaf_url: str) -> None:
    process = started(tmp_path, "from chaindeck.start import main; main()", "publish", "--redis-url", deaf_url)
    assert process.stderr is not None
    assert "connecting to redis://127.0.0.1" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    _, errors = process.communicate(timeout=15)
    assert time.monotonic() - began < 5
    assert process.returncode == 0
    assert "stopped as told; nothing was published" in errors.splitlines()[-1]
