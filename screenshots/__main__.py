"""`python -m screenshots`: make every picture anew."""

import asyncio
from pathlib import Path

from screenshots.flow import PICTURES
from screenshots.gallery import frames, index_of
from screenshots.replay import replay
from screenshots.scenes import picture

FOLDER = Path(__file__).parent
REPLAY = FOLDER / "replay.svg"
GALLERY = FOLDER / "gallery"
INDEX = FOLDER / "README.md"


def main() -> None:
    """Write one SVG for each scene, the animation, and the gallery with its index."""
    found = asyncio.run(frames())
    drawn = {FOLDER / f"{scene.name}.svg": asyncio.run(picture(scene)) for scene in PICTURES}
    drawn |= {REPLAY: asyncio.run(replay()), INDEX: index_of(found)}
    drawn |= {GALLERY / f"{frame.name}.svg": frame.svg for frame in found}
    GALLERY.mkdir(exist_ok=True)
    for path in {*FOLDER.glob("*.svg"), *GALLERY.glob("*.svg")} - drawn.keys():
        path.unlink()
    for path, text in drawn.items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(drawn)} files, {sum(len(text.encode()) for text in drawn.values()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
