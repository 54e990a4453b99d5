"""`python -m screenshots`: make every picture anew."""

import asyncio
from pathlib import Path

from screenshots.flow import PICTURES
from screenshots.replay import replay
from screenshots.scenes import picture

FOLDER = Path(__file__).parent
REPLAY = FOLDER / "replay.svg"


def main() -> None:
    """Write one SVG for each scene, and the animation."""
    for scene in PICTURES:
        _write(FOLDER / f"{scene.name}.svg", asyncio.run(picture(scene)))
    _write(REPLAY, asyncio.run(replay()))


def _write(path: Path, svg: str) -> None:
    path.write_text(svg, encoding="utf-8")
    print(path.name)


if __name__ == "__main__":
    main()
