"""What is handed to operators follows the product: alert rules, the unit file, and the words of the schemas."""

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from msgspec.structs import replace

from chain.audit.clauses import Clause, Outcome
from chain.clock import Instant
from chain.model.kinds import SourceKind
from chain.monitor.heartbeat import STOPPED, WITHDRAWN
from chain.monitor.messages.compositor import ModelStatus
from chain.monitor.messages.heartbeat import FeedBlock
from chain.monitor.messages.services import SERVICES, STANDBYS
from chain.monitor.states import CompositorState, DeckState, RecorderState, State, StreamState
from chain.pipeline.staging import Origin
from chain.pipeline.ticker import Side
from chain.supervisor import PartState
from chaindeck.cli import app
from chaindeck.commands.metrics.endpoint import DeckCollector
from chaindeck.config.settings import SETTINGS
from chaindeck.exits import Exit
from publisher.stream.source import StreamState as FeedState
from tests.support.places import ROOT
from tests.support.product import run
from tests.support.scenes import SPX, board, changed, compositor, heartbeat, manual_clock, record, recorder

SCHEMAS = sorted((ROOT / "schemas").glob("*.json"))


def test_the_example_rules_are_what_the_command_prints(short_dir: Path) -> None:
    ended = run(short_dir, "metrics", "--rules")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (ROOT / "examples/alerts.yml").read_text(encoding="utf-8")


# The unit files

UNITS = {
    "publish": ("chaindeck-publisher.service", {"source": "massive", "log_format": "json"}),
    "mmaker": ("chaindeck-mmaker.service", {"log_format"}),
    "record": ("chaindeck-recorder.service", {"out", "limits", "log_format"}),
    "alert": ("chaindeck-alert.service", {"where", "log_format"}),
}


@pytest.fixture(params=UNITS)
def command_name(request: pytest.FixtureRequest) -> str:
    """The command that a unit runs."""
    return str(request.param)


@pytest.fixture
def unit_text(command_name: str) -> str:
    """A unit file."""
    return (ROOT / "examples" / UNITS[command_name][0]).read_text(encoding="utf-8")


@pytest.fixture
def unit(unit_text: str) -> configparser.ConfigParser:
    """The same, which must name no key twice."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",), strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit_text)
    return parser


def test_the_unit_runs_a_command_that_there_is(unit: configparser.ConfigParser, command_name: str) -> None:
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "chaindeck"
    command, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    assert command.__name__ == command_name
    given = UNITS[command_name][1]
    assert (bound.arguments if isinstance(given, dict) else set(bound.arguments)) == given


@pytest.mark.slow
def test_every_option_of_the_unit_is_in_the_help(short_dir: Path, unit: configparser.ConfigParser) -> None:
    command, *options = shlex.split(unit["Service"]["ExecStart"])[1:]
    helped = run(short_dir, command, "--help").stdout
    named = [option for option in options if option.startswith("--")]
    assert named
    assert not [option for option in named if option not in helped]


def test_the_unit_restarts_what_a_restart_can_mend(unit: configparser.ConfigParser) -> None:
    service = unit["Service"]
    assert service["Restart"] == "on-failure"
    kept_down = {Exit(int(code)) for code in service["RestartPreventExitStatus"].split()}
    assert kept_down == {Exit.SETTINGS, Exit.USAGE}
    assert list(unit) == ["DEFAULT", "Unit", "Service", "Install"]


def test_the_unit_keeps_it_in_a_box_and_secrets_out_of_the_file(
    unit: configparser.ConfigParser, unit_text: str
) -> None:
    service = unit["Service"]
    boxed = ("DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictSUIDSGID")
    assert {service[key] for key in boxed} == {"yes"}
    assert (service["ProtectSystem"], service["UMask"], service["CapabilityBoundingSet"]) == ("strict", "0077", "")
    secrets = {variable for setting in SETTINGS.values() if setting.secret for variable in setting.variables}
    assert not [key for key in secrets if f"{key}=" in unit_text]
    assert service["EnvironmentFile"].startswith("/etc/")


def test_the_variables_that_the_unit_speaks_of_are_read(unit_text: str) -> None:
    known = {variable for setting in SETTINGS.values() for variable in setting.variables}
    spoken = set(re.findall(r"\b(?:MASSIVE|MARKET|SYSTEM|REDIS)_[A-Z_]+\b", unit_text))
    assert spoken
    assert spoken <= known


# The schemas


def _enums(part: Any, name: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield every closed set of words in a schema, with the property it is of."""
    if isinstance(part, dict):
        if "enum" in part:
            yield name, set(part["enum"])
        for key, inner in part.items():
            yield from _enums(inner, name if key in ("properties", "items", "additionalProperties") else key)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_the_words_of_the_schemas_are_the_products(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    words: dict[str, list[set[Any]]] = {
        "severity": [set(DeckState), {"info", "warning", "critical"}],
        "state": [set(DeckState), set(State), set(PartState), set(StreamState), set(FeedState)],
        "service": [{*SERVICES, *STANDBYS}],
        "status": [
            {"running", "standby", WITHDRAWN, STOPPED},
            {"running", STOPPED},
            set(RecorderState),
            set(CompositorState),
            {"leading", "standby", STOPPED},
        ],
        "schema": [{1}],
        "event": [{"raised", "cleared"}],
        "side": [set(get_args(Side))],
        "origin": [set(get_args(Origin))],
        "kind": [set(get_args(SourceKind))],
        "PartState": [set(PartState)],
        "clause": [{clause.slug for clause in Clause}],
        "Outcome": [set(Outcome)],
        "verdict": [{Outcome.HELD, Outcome.BROKEN, "unreachable", "nothing published"}],
    }
    found = list(_enums(schema))
    assert len(found) >= (3 if path.name.startswith(("event", "heartbeat")) else 0)
    for name, values in found:
        assert values in words[name], f"{name}: {sorted(values)}"


# The pages


@pytest.mark.slow
def test_the_readme_and_the_help_have_every_exit_code(short_dir: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for code in Exit:
        assert f"| {code} | {code.meaning} |" in readme
    helped = " ".join(run(short_dir, "--help").stdout.split())
    for code in Exit:
        assert f"{code}: {code.meaning.replace('`', '')}" in helped


def test_the_page_on_metrics_names_those_that_there_are() -> None:
    clock = manual_clock()
    now = Instant.now(clock)
    fed = replace(heartbeat(SPX), feed=FeedBlock("streaming"))
    figures: dict[str, Any] = {"length": 1, "frames_s": 1.0, "events_s": 1.0, "subscriptions": 1}
    figures |= {"group_lag": 0, "group_pending": 0}
    one = board([record(SPX, now)], now, beats=[fed], last_frame=now.wall_s, **figures)
    collector = DeckCollector(clock)
    told = recorder(now, size=1, free=1, recorded_to=now.wall_s)
    composing = compositor(now, models=(ModelStatus("SPX", ts=now.wall_s),))
    server = replace(one.redis.server, counted=1)
    collector.on_board(changed(one, server=server, recorder=told, compositor=composing))
    there = {family.name + "_total" * (family.type == "counter") for family in collector.collect()}
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(chaindeck_\w+)`", page))
    assert named == {name.replace("chaindeck_build", "chaindeck_build_info") for name in there}
