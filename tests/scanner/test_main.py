"""The command line, as real processes: options, wrong settings, and what is not imported."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from shared.exit_codes import ExitCode
from tests.scanner.coordinator_double import TOKEN
from tests.scanner.processes import scanner

ADDRESS = "ws://127.0.0.1:9"


def test_help_is_fast() -> None:
    """Help costs less than 0.3 s of processor time, which does not depend on what else the machine does."""
    took_s = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-m", "scanner", "run", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert b"--coordinator" in done.stdout
    assert min(took_s) < 0.3


def test_help_imports_nothing_heavy() -> None:
    """What takes time to import is imported by the command that needs it."""
    code = (
        "import sys, scanner.__main__; "
        "sys.exit(' '.join({'torch', 'numpy', 'pydantic', 'websockets', 'open_clip'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.stderr.strip() == ""


def test_null_scanner_imports_no_torch() -> None:
    """Everything but the model itself works where torch is not installed."""
    code = "import sys, scanner.app; sys.exit(' '.join({'torch', 'open_clip'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.stderr.strip() == ""


def test_no_option_takes_the_token() -> None:
    """A secret on a command line is seen by everybody on the machine."""
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "run", "--token", "x"], capture_output=True, check=False, text=True
    )
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    assert "No such option" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ((), {}, "FEDIWARD_COORDINATOR is not set"),
        (("--coordinator", "http://a.example"), {}, "FEDIWARD_COORDINATOR must begin with wss://"),
        (("--coordinator", "ws://8.8.8.8"), {}, "FEDIWARD_COORDINATOR: 8.8.8.8 is not on your own network"),
        (("--coordinator", ADDRESS, "--capacity", "0"), {}, "FEDIWARD_CAPACITY is wrong"),
        (("--coordinator", ADDRESS), {"FEDIWARD_BATCH": "few"}, "FEDIWARD_BATCH is wrong"),
        (("--coordinator", ADDRESS), {"FEDIWARD_LOG_LEVEL": "loud"}, "FEDIWARD_LOG_LEVEL is wrong"),
        (("--coordinator", ADDRESS, "--token-file", "gone"), {}, "FEDIWARD_TOKEN_FILE: cannot read gone"),
        (("--coordinator", ADDRESS, "--no-allow-null-model"), {}, "FEDIWARD_MODEL=null looks at nothing"),
        (("--coordinator", "wss://a.example"), {"https_proxy": "gopher://u:s3cret@p"}, "FEDIWARD_PROXY=0"),
    ],
)
async def test_wrong_setting_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    """A wrong setting ends the scanner before it connects, with its name, without a secret, and with exit code 2."""
    async with scanner("run", *arguments, folder=tmp_path, **environment) as process:
        code, said = await process.end()
    assert code == ExitCode.BAD_CONFIGURATION
    (line,) = [line for line in said.splitlines() if line.startswith("error: ")]
    assert sentence in line
    assert "Traceback" not in said
    assert TOKEN not in said
    assert "s3cret" not in said


async def test_missing_token_is_one_sentence(tmp_path: Path) -> None:
    """A scanner without a token says where to get one."""
    async with scanner("run", "--coordinator", ADDRESS, folder=tmp_path, token=None) as process:
        code, said = await process.end()
    assert code == ExitCode.BAD_CONFIGURATION
    assert "FEDIWARD_TOKEN is not set" in said


async def test_first_lines_say_what_runs_where(tmp_path: Path) -> None:
    """Version, name, coordinator, proxy, model and device are in the log, and no secret is."""
    address = "wss://127.0.0.1:9"
    async with scanner(
        "run",
        "--coordinator",
        address,
        "--name",
        "attic",
        folder=tmp_path,
        https_proxy="http://user:s3cret@127.0.0.1:9",
        FEDIWARD_LOG_LEVEL="debug",
    ) as process:
        said = await process.read_until("trying again")
    assert "fediward-scanner 0.1.0, name attic" in said
    assert f"coordinator {address}/api/v1/scanners, proxy http://127.0.0.1:9" in said
    assert "model null on cpu (no work), batches of 2, 8 frames in flight" in said
    assert "s3cret" not in said
    assert TOKEN not in said
