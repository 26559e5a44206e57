"""Find the file of weights: bundled, named by the admin, cached, or fetched by open_clip's own client of the hub."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import huggingface_hub
import open_clip
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

from scanner.models.clip.architecture import DEMO, DEMO_WEIGHTS, MEAN, STD, Activation, needed_activation
from scanner.models.errors import (
    ActivationMismatchError,
    ActivationNeededError,
    ModelUnknownError,
    SpaceMissingError,
    WeightsMissingError,
    WeightsUnreadableError,
)

REACH_TIMEOUT_S = 5.0
"""Time to reach the model hub once. Its own client tries for 23 s a file without a network (measured)."""


@dataclass(frozen=True)
class Weights:
    """A file of weights and what has to be known to use it."""

    path: Path
    architecture: str
    activation: Activation
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD


Fetch: TypeAlias = Callable[[str, Mapping[str, Any], Path | None], Path]


class _NotHereError(Exception):
    """The weights are nowhere on this machine."""


def _fetch_nothing(name: str, published: Mapping[str, Any], cache: Path | None) -> Path:
    raise _NotHereError


def find_weights(
    name: str,
    *,
    path: Path | None = None,
    architecture: str | None = None,
    activation: Activation | None = None,
    cache: Path | None = None,
    fetch: Fetch | None = None,
) -> Weights:
    """Find the weights of `demo` or `ARCHITECTURE/TAG`; fetch them into `cache` when they are nowhere, for minutes.

    `path` names a file to use instead of the tag's, and demands the `activation`; `architecture` replaces the name's
    left side. What is wrong is said before anything is fetched. Raises ModelError, see `scanner.models.errors`.
    """
    left, _, tag = name.partition("/")
    architecture = architecture or left
    if path is not None:
        if activation is None:
            raise ActivationNeededError(path)
        if not path.is_file():
            raise WeightsUnreadableError(path, "there is no such file")
        return Weights(path, architecture, activation)
    needed = needed_activation(architecture, tag)
    if needed is None:
        raise ModelUnknownError(name, f"open_clip has no weights {tag or 'without a tag'} for {architecture}")
    if activation not in (None, needed):
        raise ActivationMismatchError(name, needed=needed, built=activation)
    if architecture == DEMO:
        return Weights(DEMO_WEIGHTS, architecture, needed)
    published = open_clip.get_pretrained_cfg(architecture, tag)
    found = _cached(published, cache) or _cached(published, None) or (fetch or _fetched)(name, published, cache)
    return Weights(found, architecture, needed, tuple(published.get("mean", MEAN)), tuple(published.get("std", STD)))


def cached_weights(name: str, **place: Any) -> Weights | None:
    """Find weights as `find_weights` does, but fetch nothing; None where they would have to be fetched."""
    try:
        return find_weights(name, **place, fetch=_fetch_nothing)
    except _NotHereError:
        return None


def _cached(published: Mapping[str, Any], cache: Path | None) -> Path | None:
    """Look for the weights without asking the hub, so that a scanner starts without a network too."""
    repository, candidates = _place(published)
    for candidate in candidates:
        path = huggingface_hub.try_to_load_from_cache(repository, candidate, cache_dir=cache)
        if isinstance(path, str):
            return Path(path)
    return None


def _fetched(name: str, published: Mapping[str, Any], cache: Path | None) -> Path:
    folder = cache or Path(huggingface_hub.constants.HF_HUB_CACHE)
    hub = huggingface_hub.constants.ENDPOINT
    if huggingface_hub.constants.HF_HUB_OFFLINE:
        raise WeightsMissingError(name, f"the cache {folder} (FEDIWARD_CACHE)", "HF_HUB_OFFLINE forbids it")
    try:
        reach_hub(hub)
        return _download(published, cache)
    except (OSError, RuntimeError) as error:
        # The hub's client has parts that report a full disk in words only.
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or os.strerror(errno.ENOSPC) in str(error):
            raise SpaceMissingError(name, folder) from error
        reason = " ".join(str(error).split())
        raise WeightsMissingError(
            name, f"the cache {folder} (FEDIWARD_CACHE)", f"{hub} was not reached or refused: {reason}"
        ) from error


def _download(published: Mapping[str, Any], cache: Path | None) -> Path:
    """Fetch the first file that is there, showing how far it is, and going on where an earlier try broke off."""
    repository, candidates = _place(published)
    for candidate in candidates:
        # Not by open_clip.download_pretrained, which tries the next file whatever kept it from fetching the first.
        try:
            return Path(huggingface_hub.hf_hub_download(repository, candidate, cache_dir=cache))
        except LocalEntryNotFoundError:
            raise
        except EntryNotFoundError:
            continue
    return Path(open_clip.download_pretrained(dict(published), cache_dir=None if cache is None else str(cache)))


def _place(published: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Say in which repository of the hub the weights are, and under which names; none where they are elsewhere."""
    repository, file_name = os.path.split(published.get("hf_hub", ""))
    if not repository:
        return "", ()
    return repository, (file_name,) if file_name else (HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME)


def reach_hub(hub: str = "") -> None:
    """Ask the model hub for anything, once. Raises OSError when it does not answer."""
    request = Request(hub or huggingface_hub.constants.ENDPOINT, method="HEAD")  # noqa: S310 - the admin sets the address
    try:
        with urlopen(request, timeout=REACH_TIMEOUT_S):  # noqa: S310 - the admin sets the address
            pass
    except HTTPError as answer:
        answer.close()
