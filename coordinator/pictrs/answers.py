"""What pict-rs's internal API answers, checked."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    # Details of files stand beside what is of use here, and they change from one version to the next.
    model_config = ConfigDict(frozen=True, extra="ignore")


class HashEntry(_Answer):
    """One content and the names by which it can be had."""

    hex: str
    aliases: tuple[str, ...]


class HashPage(_Answer):
    """Contents, newest first, from the one that was asked for on; from the newest when that is unknown."""

    hashes: tuple[HashEntry, ...]
    next: str = ""
    """The slug that the next page begins with; empty on the last one."""


class HashAnswer(_Answer):
    """The answer of /internal/hashes."""

    page: HashPage


class Fault(_Answer):
    """The answer of a request that failed."""

    code: str = ""
