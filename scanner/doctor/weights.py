"""Look at the model: whether its weights are here or can be fetched, and whether it computes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scanner.models import Model
from scanner.models.errors import DeviceLostError, ModelError
from scanner.models.null import NullModel
from scanner.models.registry import find_cached, reach_hub
from scanner.settings import Settings
from shared.errors import ConfigurationError
from shared.findings import Finding, good, unknown, wrong

LEAST_FREE_BYTES = 4 * 10**9
"""For weights that are to be fetched: a bound, not their size."""


def look_at_weights(
    settings: Settings,
    *,
    reach: Callable[[Settings], None] = reach_hub,
    free_bytes: Callable[[Path], int] | None = None,
) -> Finding:
    """Find the weights; where they are not, say whether they can be fetched. Nothing is fetched."""
    if settings.model == NullModel.name:
        return unknown("weights", "the model null has none: it looks at nothing and protects nobody")
    try:
        path = find_cached(settings)
    except ModelError as error:
        return wrong("weights", str(error), part="weights", cure="Do what the sentence says; then run `pull`.")
    except ConfigurationError as error:
        return wrong("weights", str(error), part="installation", cure="Install what is missing.")
    if path is not None:
        return good("weights", f"here, {path.stat().st_size} bytes")
    folder = next(one for one in (settings.cache_folder, *settings.cache_folder.absolute().parents) if one.exists())
    left_bytes = free_bytes(folder) if free_bytes else shutil.disk_usage(folder).free
    if left_bytes < LEAST_FREE_BYTES:
        return wrong(
            "weights",
            f"they are not here, and {left_bytes // 10**6} MB are left where they would go",
            part="disk",
            cure="Make room, or name another folder with FEDIWARD_CACHE.",
        )
    try:
        reach(settings)
    except OSError as error:
        return wrong(
            "weights",
            f"they are not here, and the model hub is not reached ({' '.join(str(error).split())[:200]})",
            part="this machine's way to the model hub",
            cure="Connect it to the internet once; or copy the file here and name it with FEDIWARD_WEIGHTS.",
        )
    return unknown("weights", "not here yet: the first start fetches them", cure="Run `fediward-scanner pull` now.")


def look_at_model(open_model: Callable[[], Model]) -> tuple[Model | None, Finding]:
    """Load the model and let it look at one frame: seconds."""
    part = "device"
    try:
        model = open_model()
        pixels = np.zeros((1, model.frame_size, model.frame_size, 3), dtype=np.uint8)
        model.embed(pixels)
    except ConfigurationError as error:
        return None, wrong("model", str(error), part="settings", cure="Do what the sentence says.")
    except MemoryError as error:
        return None, wrong(
            "model",
            f"too little memory for one frame: {error}",
            part=part,
            cure="End what else uses the memory of the GPU, or set FEDIWARD_DEVICE=cpu.",
        )
    except DeviceLostError as error:
        return None, wrong(
            "model",
            str(error),
            part=part,
            cure="Try once more; if it stays so, restart the machine, or make its container anew (docker compose up -d"
            " --force-recreate). `fediward-scanner selftest` tells more.",
        )
    return model, good("model", f"{model.name} computes on {model.device}")
