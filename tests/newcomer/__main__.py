"""`make newcomer`: the README's path in an empty folder, torch installed anew; minutes.

Exit code 1 when it takes longer than five minutes, needs more than three settings, or leaves the doctor discontent.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.newcomer.guide import ROOT
from tests.newcomer.walk import walk

LONGEST_S = 300.0
MOST_CHOICES = 3


def say(words: str) -> None:
    """Tell how far it is."""
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Clone, walk, and say what it took."""
    with tempfile.TemporaryDirectory(prefix="fediward-newcomer-") as folder:
        clone = Path(folder) / "fediward"
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", clone], check=True)
        walked = asyncio.run(walk(clone, installs=True, say=say))
    say(
        f"{walked.total_s:.0f} s from the empty folder to the first verdict: {walked.install_s:.0f} s to install, "
        f"{walked.rest_s:.0f} s for the rest; {len(walked.choices)} settings chosen; doctor's exit code {walked.doctor}"
    )
    return int(walked.total_s > LONGEST_S or len(walked.choices) > MOST_CHOICES or walked.doctor != 0)


if __name__ == "__main__":
    sys.exit(main())
