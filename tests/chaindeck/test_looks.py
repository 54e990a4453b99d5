"""What is settled before a screen loads."""

import pytest

from chaindeck.looks import FPS, FPS_OVER_SSH, frame_rate


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
