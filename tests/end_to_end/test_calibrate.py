"""Calibrations: real processes, and a library whose share of flagged pictures is known."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from PIL import Image

from coordinator.calibration_file import read_calibration
from shared.exit_codes import ExitCode
from tests.end_to_end.pictures import BRIGHT, DARK, bright, broken, cut_off, picture
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.sweeping import Sweeper

pytestmark = pytest.mark.asyncio(loop_scope="module")

PICTURES = 120
FLAGGED_FROM_SHADE = 192


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sweeper(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sweeper]:
    """One coordinator with a scanner for the tests of this file."""
    async with Coordinator(tmp_path_factory.mktemp("calibrate")) as coordinator, Scanner(coordinator, "one"):
        yield Sweeper(coordinator)


def shade_of(number: int) -> int:
    """Return shades that are spread evenly from black to nearly white."""
    return number * 2


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make pictures of shades 0 to 238, of which 192 and more are flagged, and one file that is no picture."""
    folder = tmp_path_factory.mktemp("library")
    for number in range(PICTURES):
        (folder / f"{number:03}.png").write_bytes(picture(shade_of(number)))
    (folder / "broken.png").write_bytes(broken())
    return folder


async def test_calibrate_says_how_many_are_flagged(sweeper: Sweeper, library: Path, tmp_path: Path) -> None:
    """The share is exact, has an interval, and comes with the setting that lowers it; the picture can be opened."""
    png = tmp_path / "margins.png"
    done = await sweeper.command("calibrate", library, "--json", "--target", "5%", "--png", png)
    assert done.code == ExitCode.DONE, done.words
    found = json.loads(done.output)
    flagged = {f"{number:03}.png" for number in range(PICTURES) if shade_of(number) >= FLAGGED_FROM_SHADE}
    assert (found["flagged"]["count"], found["flagged"]["of"]) == (len(flagged), PICTURES)
    assert found["flagged"]["low"] < len(flagged) / PICTURES < found["flagged"]["high"]
    assert {entry["path"] for entry in found["hashes"]} == flagged
    assert sum(found["parts"]["light"]["histogram"]["counts"]) == PICTURES
    assert Image.open(io.BytesIO(png.read_bytes())).size[0] > 100
    best = found["suggestions"][0]
    assert best["count"] == 6
    assert best["FEDIWARD_STRICTNESS"].startswith("light:-0.0")


async def test_calibrate_again_needs_no_scanner(sweeper: Sweeper, library: Path) -> None:
    """Stored scores are used again, and the words for people say the same; the coordinator keeps the last figures."""
    await sweeper.command("calibrate", library)
    again = await sweeper.command("calibrate", library, "--json")
    assert json.loads(again.output)["remembered"] == PICTURES
    words = (await sweeper.command("calibrate", library, "--target", "0.001")).output
    assert "flagged: 24 of 120: 20.000%" in words
    assert "FEDIWARD_STRICTNESS=light:-0.0" in words
    async with httpx2.AsyncClient() as client:
        listed = (await client.get(sweeper.coordinator.hook_url(sweeper.secret) + "/sweeps")).json()["sweeps"]
    (report,) = [sweep["report"] for sweep in listed if sweep["name"] == "calibration"]
    assert (report["state"], report["calibration"]["pictures"], report["calibration"]["flagged"]) == ("ended", 120, 24)
    kept = read_calibration(sweeper.coordinator.data_dir / "calibration.json")
    assert kept is not None
    assert (kept.result.pictures, kept.result.flagged) == (120, 24)


async def test_calibrate_suggests_a_strictness_that_holds(sweeper: Sweeper, library: Path, tmp_path: Path) -> None:
    """A coordinator with the suggested strictness flags as many pictures as was said, and suggests none any more."""
    done = await sweeper.command("calibrate", library, "--json", "--target", "5%")
    best = json.loads(done.output)["suggestions"][0]
    async with (
        Coordinator(tmp_path, strictness=best["FEDIWARD_STRICTNESS"]) as coordinator,
        Scanner(coordinator, "one"),
    ):
        other = Sweeper(coordinator)
        told = json.loads((await other.command("calibrate", library, "--json", "--target", "5%")).output)
        assert told["flagged"]["count"] == best["count"]
        assert told["suggestions"][0]["FEDIWARD_STRICTNESS"] == best["FEDIWARD_STRICTNESS"]


async def test_calibrate_counts_no_part_of_a_picture(sweeper: Sweeper, tmp_path: Path) -> None:
    """Of what was looked at in part, flagged or not, it is not known how far all of it is from being flagged."""
    for name, content in {"whole": bright(), "bright": cut_off(BRIGHT), "dark": cut_off(DARK)}.items():
        (tmp_path / name).write_bytes(content)
    done = json.loads((await sweeper.command("calibrate", tmp_path, "--json")).output)
    assert (done["files"], done["failed"]) == (3, 1)
    assert (done["flagged"]["count"], done["flagged"]["of"]) == (1, 1)
    assert {entry["path"] for entry in done["hashes"]} == {"whole"}


async def test_calibrate_sample_is_the_same_at_every_time(sweeper: Sweeper, library: Path) -> None:
    """A sample has the wanted size and gives the same figures again."""
    first, again = [
        json.loads((await sweeper.command("calibrate", library, "--json", "--sample", "40")).output) for _ in range(2)
    ]
    assert first["files"] == 40
    assert first["flagged"] == again["flagged"]
    assert first["hashes"] == again["hashes"]


async def test_calibrate_target_that_is_none(sweeper: Sweeper, library: Path) -> None:
    """A share that is none is refused with a sentence."""
    refused = await sweeper.command("calibrate", library, "--target", "many")
    assert (refused.code, "--target" in refused.words) == (ExitCode.BAD_CONFIGURATION, True)
