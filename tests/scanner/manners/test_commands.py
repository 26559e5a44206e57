"""`pause` and `resume` as real processes, and `run` where it cannot have what it was asked for."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest

from scanner.manners.order import Order
from scanner.manners.state_dir import StateDir
from shared.exit_codes import ExitCode
from tests.end_to_end.forked import run
from tests.end_to_end.processes import environment
from tests.scanner.processes import scanner

ROOT = Path(__file__).parents[3]
ADDRESS = "ws://127.0.0.1:9"


def give(*arguments: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the scanner's command line in a folder without settings of this machine."""
    home = {"HOME": str(folder / "home"), "XDG_STATE_HOME": "", "PYTHONPATH": str(ROOT)}
    return run(["-m", "scanner", *arguments], folder=folder, environment=environment() | home | more)


def test_pause_for_a_time_leaves_an_order(tmp_path: Path) -> None:
    """The order ends after that time; the words say until when, and that nobody hears it yet."""
    before_s = time.time()
    done = give("pause", "--for", "2h", "--state-dir", str(tmp_path / "s"), folder=tmp_path)
    order = StateDir(tmp_path / "s").read()
    assert (done.returncode, done.stdout) == (ExitCode.DONE, "")
    assert order is not None
    assert order.until_s is not None
    assert order.pause
    assert 7200 <= order.until_s - before_s < 7260
    assert f"paused until {datetime.fromtimestamp(order.until_s).astimezone():%Y-%m-%d %H:%M}" in done.stderr
    assert f"no scanner that reads {tmp_path / 's'} is running" in done.stderr


def test_pause_that_a_scanner_hears_says_so(tmp_path: Path) -> None:
    """While a scanner claims the folder, the words and the JSON say that it will follow."""
    claimed = StateDir(tmp_path / "s")
    claimed.claim()
    done = give("pause", "--json", "--state-dir", str(tmp_path / "s"), folder=tmp_path)
    assert json.loads(done.stdout) == {
        "pause": True,
        "until": None,
        "scanner_running": True,
        "state_dir": str(tmp_path / "s"),
    }
    assert "paused until `fediward-scanner resume`" in done.stderr
    assert "The scanner hears of it" in done.stderr
    claimed.release()


def test_resume_leaves_an_order_in_the_usual_folder(tmp_path: Path) -> None:
    """Without a setting, the folder is in the home of whoever gives the command."""
    done = give("resume", folder=tmp_path)
    order = StateDir(tmp_path / "home/.local/state/fediward").read()
    assert done.returncode == ExitCode.DONE
    assert order is not None
    assert not order.pause
    assert "the pause is over" in done.stderr


def test_folder_may_stand_in_the_settings(tmp_path: Path) -> None:
    """`.env` of the folder in which the scanner is started counts for the command as well."""
    (tmp_path / ".env").write_text(f"FEDIWARD_STATE_DIR={tmp_path / 'here'}\n")
    assert give("pause", folder=tmp_path).returncode == ExitCode.DONE
    order = StateDir(tmp_path / "here").read()
    assert order is not None
    assert order == Order(order.given_s, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--for", "soon"), "error: --for is wrong: write a time like 2h, 90m or 1h30m\n"),
        (
            ("--state-dir", "/proc/here"),
            "error: FEDIWARD_STATE_DIR: cannot use /proc/here: No such file or directory\n",
        ),
    ],
)
def test_pause_that_cannot_be_given_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """The sentence names what is wrong, and the exit code is that of wrong usage."""
    done = give("pause", *arguments, folder=tmp_path)
    assert (done.returncode, done.stderr) == (ExitCode.BAD_CONFIGURATION, sentence)


NO_MODULE = "raise ModuleNotFoundError(\"No module named 'pynvml'\", name='pynvml')\n"

NO_DRIVER = """\
class NVMLError(Exception): pass
def nvmlInit(): raise NVMLError("Driver Not Loaded")
"""

NO_CARD = """\
class NVMLError(Exception): pass
def nvmlInit(): pass
def nvmlDeviceGetCount(): return 0
"""


@pytest.mark.parametrize(
    ("library", "sentence"),
    [
        (NO_MODULE, "FEDIWARD_YIELD_GPU needs nvidia-ml-py, which is not here: pip install 'fediward[nvidia]'"),
        (NO_DRIVER, "FEDIWARD_YIELD_GPU: no NVIDIA driver answers here (Driver Not Loaded): leave it unset"),
        (NO_CARD, "FEDIWARD_YIELD_GPU: the driver has no card here whose use it tells: leave it unset"),
    ],
    ids=["no library", "no driver", "no card"],
)
async def test_gpu_that_cannot_be_watched_ends_the_scanner(tmp_path: Path, library: str, sentence: str) -> None:
    """Asked to step aside where it cannot tell for what, a scanner says so in one sentence, with exit code 2."""
    (tmp_path / "pynvml.py").write_text(library)
    paths = f"{tmp_path}:{ROOT}"
    arguments = ("run", "--coordinator", ADDRESS, "--yield-gpu", "30%")
    async with scanner(*arguments, folder=tmp_path, PYTHONPATH=paths) as process:
        code, said = await process.end()
    assert code == ExitCode.BAD_CONFIGURATION
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert sentence in line
    assert "Traceback" not in said


async def test_folder_that_cannot_be_made_is_a_warning(tmp_path: Path) -> None:
    """A scanner that cannot be paused serves all the same, and says what does not work."""
    arguments = ("run", "--coordinator", ADDRESS)
    async with scanner(*arguments, folder=tmp_path, XDG_STATE_HOME="/proc/here") as process:
        said = await process.read_until("trying again")
    assert "cannot use /proc/here/fediward: No such file or directory; `fediward-scanner pause` will not reach" in said


async def test_paused_start_that_nobody_could_end_is_refused(tmp_path: Path) -> None:
    """Without a folder for `resume`, a scanner that starts paused would never work."""
    arguments = ("run", "--coordinator", ADDRESS, "--start-paused")
    async with scanner(*arguments, folder=tmp_path, XDG_STATE_HOME="/proc/here") as process:
        code, said = await process.end()
    assert code == ExitCode.BAD_CONFIGURATION
    assert "error: FEDIWARD_STATE_DIR: cannot use /proc/here/fediward" in said
