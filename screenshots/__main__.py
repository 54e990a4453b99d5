"""`python -m screenshots`: make every picture anew."""

import asyncio
from pathlib import Path

from screenshots.scenes import SCENES, picture

FOLDER = Path(__file__).parent


def main() -> None:
    """Write one SVG for each scene."""
    for scene in SCENES:
        path = FOLDER / f"{scene.name}.svg"
        path.write_text(asyncio.run(picture(scene)), encoding="utf-8")
        print(path.name)


if __name__ == "__main__":
    main()
