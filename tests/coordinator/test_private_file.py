"""Files that only the coordinator's own user may read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path


def test_private_file_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    """It is read as UTF-8: a name that is not ASCII must not damage it where the system's texts are something else."""
    path = tmp_path / "names.json"
    code = "import sys, pathlib, coordinator.private_file as p; p.write_private(pathlib.Path(sys.argv[1]), 'K\\xe4the')"
    ascii_only = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run([sys.executable, "-c", code, str(path)], env=ascii_only, check=True)
    assert path.read_bytes() == "Käthe".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
