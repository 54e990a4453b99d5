"""Alerts from end to end: a real Redis, a publisher that stops, the program as a process, and its hooks."""

import os
import re
import signal
from pathlib import Path

import jsonschema
import orjson
import pytest

from chain.model.keys import REPLAY_PREFIX
from tests.support.hooks import HookScript, is_running
from tests.support.places import ROOT
from tests.support.product import on_terminal, run, start_logged
from tests.support.replays import looks, tape_of
from tests.support.waiting import wait_until
from tests.support.warm import WarmChild

pytestmark = pytest.mark.slow

ONCE = ("publish", "--once", "--underlyings", "SPX", "--expirations", "2", "--interval", "100", "--ttl", "600")
SYNC_ASKED, SYNC_CAN = b"\x1b[?2026$p", "\x1b[?2026;2$y"
WHOLE_FRAME = re.compile(rb"\x1b\[\?2026h.*?\x1b\[\?2026l", re.DOTALL)
SCHEMA = jsonschema.Draft202012Validator(orjson.loads((ROOT / "schemas/alerts.schema.json").read_bytes()))
OLD = 'on = "age"\nchains = "SPX"\nabove = 1.6\nclear = 1.5\n'


def alerts(folder: Path, *entries: str) -> Path:
    """Return a file of settings with these alerts."""
    path = folder / "alerts.toml"
    path.write_text("".join(f"[[alerts]]\n{entry}\n" for entry in entries), encoding="utf-8")
    return path


def hooked(name: str, hook: HookScript) -> str:
    return f'name = "{name}"\n{OLD}do = ["bell", "notify", "hook"]\nhook = ["{hook.path}", "--desk"]\n'


def publish(home: Path, url: str) -> None:
    """Publish one cycle of a mock, which nothing follows."""
    published = run(home, *ONCE, "--redis-url", url)
    assert published.returncode == 0, published.stderr


def test_under_a_service_manager_each_alert_is_a_line_and_a_hook_and_is_told_once(
    short_dir: Path, redis_url: str
) -> None:
    pids, log = short_dir / "pid", short_dir / "log"
    quick = HookScript(short_dir, 'echo "paged $1"', "quick")
    stuck = HookScript(short_dir, f"echo $$ >{pids}; exec sleep 600", "stuck")
    config = alerts(short_dir, hooked("quick", quick), hooked("stuck", stuck))
    publish(short_dir, redis_url)
    service = start_logged(short_dir, log, "alert", redis_url, "--config", str(config), MASSIVE_API_KEY="canary-11")
    wait_until(lambda: pids.exists() and "paged --desk" in log.read_text(), 20, "both hooks")
    [told] = quick.told
    assert [event["event"] for event in told["events"]] == ["raised", "raised"]
    assert (told["alert"], told["kind"], told["source"]) == ("quick", "mock", "MOCK")
    assert told["redis"].startswith("unix://")
    stop(service)
    assert not is_running(pids)  # a hook ends with the program
    first = log.read_bytes()
    fresh = HookScript(short_dir, "", "fresh")
    config = alerts(short_dir, hooked("quick", quick), hooked("fresh", fresh))
    service = start_logged(short_dir, log, "alert", redis_url, "--config", str(config))
    wait_until(lambda: len(fresh.told) == 1, 20, "the hook of the alert that is new")
    assert len(quick.told) == 1  # raised by the run before, and not over
    publish(short_dir, redis_url)
    wait_until(lambda: log.read_text().count("[MOCK] cleared quick: SPX") == 2, 20, "both are over")
    stop(service)
    said = first + log.read_bytes()
    assert said.count(b"stopped as told") == 2
    assert b"canary-11" not in said
    assert b"\a" not in said  # nobody listens to a log


def stop(service: WarmChild) -> None:
    """End a program by SIGTERM, as a service manager does; fail if it does not end well."""
    os.kill(service.pid, signal.SIGTERM)
    ended = service.ended(10.0)
    assert ended is not None
    assert os.waitstatus_to_exitcode(ended[0]) == 0


def test_on_the_deck_it_rings_between_frames_and_k_acknowledges(short_dir: Path, redis_url: str) -> None:
    hook = HookScript(short_dir)
    config = alerts(short_dir, hooked("old", hook))
    publish(short_dir, redis_url)
    with on_terminal(short_dir, "watch", redis_url, "--config", str(config), columns=120) as terminal:
        wait_until(lambda: SYNC_ASKED in terminal.raw, 10, "whether it can take whole frames")
        terminal.send(SYNC_CAN)
        terminal.wait_for("2 ALERTS")
        wait_until(lambda: b"\a\x1b]9;chaindeck: [MOCK] ALERT old: SPX " in terminal.raw, 10, "bell and notification")
        assert b"above 1.6 (and 1 more)\a" in terminal.raw
        assert terminal.raw.count(b"\x1b]9;") == 1
        between = WHOLE_FRAME.sub(b"", terminal.raw)
        assert len(between) < len(terminal.raw)
        assert b"\a\x1b]9;chaindeck: [MOCK] ALERT old: SPX " in between
        assert "!! ALERT old" in terminal.text
        wait_until(lambda: len(hook.told) == 1, 10, "the hook")
        terminal.send("K")
        terminal.wait_for("-- acknowledged old")
        terminal.wait_for("2 alerts acknowledged: listed until over")
        publish(short_dir, redis_url)
        terminal.wait_until(lambda: "acknowledged old" not in terminal.text, "they are over")
        terminal.send("q")
        assert terminal.wait() == 0


def test_without_a_screen_it_rings_on_a_terminal_alone(short_dir: Path, redis_url: str) -> None:
    entry = 'name = "any"\non = "age"\nabove = 0\ndo = ["bell", "notify"]\n'
    publish(short_dir, redis_url)
    with on_terminal(short_dir, "alert", redis_url, "--config", str(alerts(short_dir, entry)), columns=160) as terminal:
        wait_until(lambda: b"\a\x1b]9;chaindeck: [MOCK] ALERT any: SPX " in terminal.raw, 20, "bell and notification")
        assert b"WARNING chaindeck.engine.alerts.service: [MOCK] ALERT any: SPX " in terminal.raw
        terminal.send("\x03")
        assert terminal.wait() == 0


def test_one_frame_of_text_pages_nobody_and_a_look_does_nothing(short_dir: Path, redis_url: str) -> None:
    hook = HookScript(short_dir)
    entry = f'name = "any"\non = "age"\nabove = 0\ndo = "hook"\nhook = ["{hook.path}"]\n'
    calm = 'on = "spot"\nbelow = 1\n\n[[alerts]]\non = "atm_iv"\nchains = "NDX"\nabove = 5'
    publish(short_dir, redis_url)
    config = alerts(short_dir, entry)
    assert run(short_dir, "watch", redis_url, "--config", str(config)).returncode == 0
    looked = run(short_dir, "alert", redis_url, "--once", "--config", str(config))
    assert looked.returncode == 1
    first, *lines = looked.stdout.splitlines()
    assert first == "any: age above 0: hook"
    assert [line.split()[:3] for line in lines] == [["BEYOND", "[MOCK]", "SPX"]] * 2
    told = run(short_dir, "alert", redis_url, "--once", "--json", "--config", str(config))
    body = orjson.loads(told.stdout)
    SCHEMA.validate(body)
    [one] = body["alerts"]
    assert (one["alert"], one["above"], one["clear"], one["do"], body["answered"]) == ("any", 0.0, 0.0, ["hook"], True)
    assert {(each["stands"], each["kind"]) for each in one["subjects"]} == {("beyond", "mock")}
    looked = run(short_dir, "alert", redis_url, "--once", "--config", str(alerts(short_dir, calm)))
    assert (looked.returncode, looked.stderr) == (0, "")
    assert [line.split()[0] for line in looked.stdout.splitlines()] == ["spot", "clear", "atm_iv", "unknown"]
    assert hook.told == []


def test_without_redis_or_alerts_it_says_so(short_dir: Path) -> None:
    none = run(short_dir, "alert", "redis://127.0.0.1:1", "--config", str(alerts(short_dir)))
    assert none.returncode == 3
    assert none.stderr.strip().endswith("no alerts are configured: write each as [[alerts]]")
    alone = run(short_dir, "alert", "redis://127.0.0.1:1", "--json")
    assert (alone.returncode, alone.stderr) == (64, "chaindeck: --json prints one look: it goes with --once\n")
    away = run(short_dir, "alert", "redis://127.0.0.1:1", "--once", "--config", str(alerts(short_dir, OLD)))
    assert away.returncode == 2
    assert "Redis unreachable" in away.stderr
    assert "nothing on the board is meant by it" in away.stdout


def test_a_replay_is_judged_only_where_that_is_asked_for_and_every_word_says_so(
    short_dir: Path, redis_url: str, tmp_path: Path
) -> None:
    tape = tape_of(tmp_path / "day.tape", looks(600))
    quiet, asked = HookScript(short_dir, "", "quiet"), HookScript(short_dir, "", "asked")
    entry = 'on = "spot"\nabove = 1\ndo = "hook"\n'
    entries = [
        f'name = "quiet"\n{entry}hook = ["{quiet.path}"]\n',
        f'name = "asked"\nreplay = true\n{entry}hook = ["{asked.path}"]\n',
    ]
    config, log = alerts(short_dir, *entries), short_dir / "log"
    playing = start_logged(
        short_dir, short_dir / "played", "replay", str(tape), "--redis-url", redis_url, "--speed", "1"
    )
    service = start_logged(short_dir, log, "alert", redis_url, "--prefix", REPLAY_PREFIX, "--config", str(config))
    wait_until(lambda: len(asked.told) == 1, 20, "the hook that is meant")
    [told] = asked.told
    assert (told["kind"], told["source"], told["prefix"]) == ("replay", "REPLAY", REPLAY_PREFIX)
    assert told["text"].startswith("[REPLAY] ALERT asked: SPX spot ")
    assert "[REPLAY] ALERT asked" in log.read_text()
    stop(service)
    os.kill(playing.pid, signal.SIGTERM)
    assert quiet.told == []
    assert "ALERT quiet" not in log.read_text()
