"""What is settled before a screen loads."""

import json
from pathlib import Path

import pytest

from chain.errors import ConfigError
from chaindeck.config.file import resolve
from chaindeck.looks import FPS, FPS_OVER_SSH, export_folder, frame_rate


@pytest.mark.parametrize(
    ("wanted", "environment", "rate"),
    [
        (None, {}, FPS),
        (None, {"SSH_CONNECTION": "10.0.0.1 22 10.0.0.2 22"}, FPS_OVER_SSH),
        (None, {"SSH_TTY": "/dev/pts/9"}, FPS_OVER_SSH),
        (None, {"SSH_CONNECTION": "", "SSH_TTY": ""}, FPS),
        (30, {"SSH_TTY": "/dev/pts/9"}, 30),
        (5, {}, 5),
    ],
)
def test_frames_are_fewer_over_ssh_unless_told_how_many(
    wanted: int | None, environment: dict[str, str], rate: int
) -> None:
    assert frame_rate(wanted, environment) == rate


def test_the_folder_of_exports_is_where_the_setting_leads_or_is_refused_by_name(tmp_path: Path) -> None:
    def folder(text: str) -> Path | None:
        file = tmp_path / "config.toml"
        file.write_text(f"export_dir = {json.dumps(text)}\n")
        return export_folder(resolve({}, file, {}).settings)

    assert export_folder(resolve({}, None, {}).settings) is None
    assert folder("/srv/desk") == Path("/srv/desk")
    assert folder("desk") == Path.cwd() / "desk"
    assert folder("~/desk") == Path.home() / "desk"
    with pytest.raises(ConfigError, match=r"config\.toml, line 1: export_dir: there is no home for '~nobody-there/x'"):
        folder("~nobody-there/x")
    with pytest.raises(ConfigError, match=r"config\.toml, line 1: export_dir: no folder can be called"):
        folder("desk\0x")
