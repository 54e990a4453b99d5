"""Widths of the heatmap as people write them, and what is no width."""

import pytest

from chain.errors import ConfigError
from chaindeck.config.file import resolve
from chaindeck.config.settings import Settings
from mmaker.heatmap.options import DEFAULT_OPTIONS, DEFAULT_WIDTHS, Pace


def settings(**environ: str) -> Settings:
    return resolve({}, None, {f"CHAINDECK_{name.upper()}": text for name, text in environ.items()}).settings


def test_without_settings_they_are_marketswarms() -> None:
    assert settings().heatmap == DEFAULT_OPTIONS
    assert settings().legacy_models is False


@pytest.mark.parametrize(
    "text", ["SPX=20,25 SPY=2.5,1", "spx=20,25,I:SPX=25,SPY=1,2.5", " SPX=20  SPX=25\tSPY=1 , 2.5 "]
)
def test_widths_come_in_every_form_and_leave_other_symbols_alone(text: str) -> None:
    widths = settings(heatmap_widths=text).heatmap.widths
    assert widths == {"SPX": (20.0, 25.0), "SPY": (1.0, 2.5), "NDX": DEFAULT_WIDTHS["NDX"]}


def test_widths_are_shown_as_they_can_be_written_again() -> None:
    config = resolve({"heatmap_widths": "SPX=20,25 NDX=50"})
    [line] = [line for line in config.lines() if line.startswith("heatmap_widths")]
    again = resolve({"heatmap_widths": line.split()[1]})
    assert again.settings.heatmap == config.settings.heatmap


@pytest.mark.parametrize(
    "text", ["20,25", "SPX", "SPX=", "SPX=0", "SPX=-5", "SPX=1e3", "SPX=.0001", "S P=5", "SPX=nan"]
)
def test_what_is_no_width_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"CHAINDECK_HEATMAP_WIDTHS: .* not widths in points by symbol, as in SPX=20"):
        settings(heatmap_widths=text)


def test_there_is_a_limit_to_widths() -> None:
    with pytest.raises(ConfigError, match="at most 20 widths a symbol"):
        settings(heatmap_widths="SPX=" + ",".join(map(str, range(1, 22))))


@pytest.mark.parametrize(("text", "count"), [("1", 1), ("400", 400)])
def test_how_many_strikes(text: str, count: int) -> None:
    assert settings(heatmap_strikes=text).heatmap.strikes == count


@pytest.mark.parametrize("text", ["0", "401", "2.5", "all"])
def test_how_many_strikes_there_cannot_be(text: str) -> None:
    with pytest.raises(ConfigError, match="CHAINDECK_HEATMAP_STRIKES: heatmap_strikes is"):
        settings(heatmap_strikes=text)


def test_how_often_it_is_published() -> None:
    assert settings().heatmap_pace == Pace(diff_s=1.0, whole_s=5.0)
    assert settings(heatmap_diffs="2", heatmap_wholes="0.05").heatmap_pace == Pace(diff_s=0.5, whole_s=20.0)
    for name, text in (("diffs", "0.1"), ("diffs", "11"), ("wholes", "0.04"), ("wholes", "3"), ("wholes", "often")):
        with pytest.raises(ConfigError, match=f"CHAINDECK_HEATMAP_{name.upper()}: heatmap_{name} is "):
            settings(**{f"heatmap_{name}": text})
