"""Colours as eyes see them: OKLab, whose distances are even, and what colour-blind eyes make of a colour."""

import math

from tui.terminal.contrast import RGB

Lab = tuple[float, float, float]

# Linear RGB as it looks without one kind of cones. The first three after Viénot, Brettel and Mollon, "Digital video
# colourmaps for checking the legibility of displays by dichromats", Color Research & Application 24 (1999), the next
# after Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency",
# IEEE Transactions on Visualization and Computer Graphics 15 (2009), at severity 1.0. They disagree a little; what is
# to be told apart must be in both.
_MATRICES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "protanopia": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deuteranopia": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
    "tritanopia": ((1.0, 0.14461, -0.14461), (0.0, 0.85924, 0.14076), (0.0, 0.85924, 0.14076)),
    "protanopia by Machado": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia by Machado": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia by Machado": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
    "achromatopsia": ((0.2126, 0.7152, 0.0722),) * 3,
}
EYES = ("trichromacy", *_MATRICES)
COLOUR_BLIND = tuple(name for name in _MATRICES if name != "achromatopsia")


def oklab(colour: RGB, eyes: str = "trichromacy") -> Lab:
    """Return lightness (0 to 1), green to red, and blue to yellow of a colour, by Ottosson's OKLab."""
    red, green, blue = seen(colour, eyes)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def seen(colour: RGB, eyes: str) -> tuple[float, float, float]:
    """Return linear red, green and blue, 0 to 1, as these eyes see a colour."""
    linear = tuple(c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour)
    rows = _MATRICES.get(eyes, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in rows)
    return red, green, blue


def apart(one: Lab, other: Lab) -> float:
    """Return how far two colours are from each other; about 0.02 is just seen."""
    return math.dist(one, other)
