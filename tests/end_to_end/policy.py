"""A policy that the null model can serve: bright pictures are flagged, dark ones pass."""

from __future__ import annotations

from pathlib import Path

POLICY = """\
name = "bright"
model = "null"
rule = "every-part"

[parts]
light = "light"

[thresholds.light]
"light" = 0.25
"""


def write_policy(folder: Path) -> Path:
    """Write the policy into a folder and return its file, for FEDIWARD_POLICY.

    The null model's score grows from 0.1 for a frame whose first pixel is black to 0.3 for white, so that grey 192 and
    more is flagged.
    """
    file = folder / "bright.toml"
    file.write_text(POLICY)
    return file
