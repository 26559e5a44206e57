"""Open the model that the settings name. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from scanner.models import Model
from scanner.models.null import NullModel
from scanner.settings import Settings
from shared.errors import ConfigurationError


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
    try:
        from scanner.models.clip import ClipModel
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"FEDIWARD_MODEL={settings.model} needs {error.name}, which is not here: pip install 'fediward[scanner]'"
        ) from error
    return ClipModel.open(
        settings.model,
        weights=settings.weights,
        architecture=settings.architecture,
        activation=settings.activation,
        device=settings.device,
        precision=settings.precision,
        threads=settings.threads,
        cache=settings.cache,
    )
