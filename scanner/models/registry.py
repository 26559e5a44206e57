"""Open the model that the settings name. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from scanner.curve import Point, measure_curve, useful_batch
from scanner.models import Model
from scanner.models.device import Machine
from scanner.models.null import NullModel
from scanner.notes import Notes
from scanner.settings import Settings
from shared.errors import ConfigurationError

NULL_BATCH_FRAMES = 2


def open_model(settings: Settings) -> Model:
    """Open `null`, or anything that `scanner.models.clip` knows, `demo` included. This takes seconds.

    Raises ConfigurationError, and ModelError where weights or device are not to be had.
    """
    if settings.model == NullModel.name:
        if not settings.allow_null_model:
            raise ConfigurationError(
                "FEDIWARD_MODEL=null looks at nothing and protects nobody: add --allow-null-model if you want that"
            )
        return NullModel(ms_per_frame=settings.null_ms_per_frame)
    clip = _door(settings)
    model: Model = clip.ClipModel.open(
        settings.model,
        weights=settings.weights,
        architecture=settings.architecture,
        activation=settings.activation,
        device=settings.device,
        precision=settings.precision,
        threads=settings.threads,
        cache=hub_folder(settings),
        notes=notes_of(settings),
    )
    return model


def fetch_weights(settings: Settings) -> Path:
    """Find the weights that the settings name, fetching them where they are nowhere, and make sure that they fit.

    Raises ConfigurationError and ModelError.
    """
    if settings.model == NullModel.name:
        raise ConfigurationError("FEDIWARD_MODEL=null has no weights")
    clip = _door(settings)
    found = clip.find_weights(
        settings.model,
        path=settings.weights,
        architecture=settings.architecture,
        activation=settings.activation,
        cache=hub_folder(settings),
    )
    clip.require_fit(found, settings.model)
    path: Path = found.path
    return path


def find_cached(settings: Settings) -> Path | None:
    """Find the weights that the settings name, and make sure that they fit; None where they are to be fetched first.

    Raises ConfigurationError and ModelError.
    """
    clip = _door(settings)
    found = clip.cached_weights(
        settings.model,
        path=settings.weights,
        architecture=settings.architecture,
        activation=settings.activation,
        cache=hub_folder(settings),
    )
    if found is None:
        return None
    clip.require_fit(found, settings.model)
    path: Path = found.path
    return path


def reach_hub(settings: Settings) -> None:
    """Ask the model hub for anything. Raises OSError when it does not answer."""
    _door(settings).reach_hub()


def machine_of(settings: Settings) -> Machine:
    """Return what this machine offers to torch. Raises ConfigurationError where torch is not installed."""
    machine: Machine = _door(settings).machine()
    return machine


def choose_batch(model: Model, settings: Settings) -> int:
    """Say how many frames to compute in one go: what is set, or what a trial shows, now or at an earlier start."""
    if settings.batch is not None:
        return settings.batch
    if model.name == NullModel.name:
        return NULL_BATCH_FRAMES
    notes = notes_of(settings)
    key = {"weights": model.fingerprint, "device": model.device, "software": model.software}
    noted = notes.read("curve", key)
    if noted is not None:
        return useful_batch([Point(*point) for point in noted])
    points = measure_curve(model)
    notes.write("curve", key, [[point.frames, point.seconds] for point in points])
    return useful_batch(points)


def hub_folder(settings: Settings) -> Path:
    """Give the folder for fetched weights, laid out as the hub's own client does."""
    return settings.cache_folder / "hub"


def notes_of(settings: Settings) -> Notes:
    """Give the notes of this user's scanners."""
    return Notes(settings.cache_folder / "notes")


def _door(settings: Settings) -> ModuleType:
    try:
        from scanner.models import clip
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"FEDIWARD_MODEL={settings.model} needs {error.name}, which is not here: pip install 'fediward[scanner]'"
        ) from error
    return clip
