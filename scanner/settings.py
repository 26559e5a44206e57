"""Settings of a scanner: environment variables FEDIWARD_…, also read from `.env`; command-line options win."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from scanner.manners.hours import Hours
from shared.errors import ConfigurationError
from shared.limits import MAX_CAPACITY_FRAMES, MAX_NAME_CHARACTERS
from shared.messages import is_printable

PREFIX = "FEDIWARD_"


class LogLevel(StrEnum):
    """How much is said on stderr."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """What an admin may set. Make it with `read_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    coordinator: str = ""
    """Address of the coordinator: wss://host[:port][/prefix]."""
    token: SecretStr | None = None
    """Secret of this scanner."""
    token_file: Path | None = None
    """File that holds the secret; wins over `token`."""
    name: str = ""
    """Name on the admin page; the host's name if empty."""
    model: str = "ViT-L-14/openai"
    """open_clip name and weights tag, or `demo`, or `null`."""
    weights: Path | None = None
    """File with the model's weights, instead of downloading them."""
    architecture: str | None = None
    """open_clip architecture of the weights file, where the model's name does not say it."""
    activation: Literal["quickgelu", "gelu"] | None = None
    """Activation that the weights were trained with: quickgelu or gelu."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where the model computes."""
    precision: Literal["auto", "fp32", "bf16", "fp16", "int8"] = "auto"
    """Numbers that the model computes with; int8 on processors, and never by itself."""
    threads: Annotated[int, Ge(1), Le(1024)] | None = None
    """Processor threads of the model; the library's choice if not set."""
    cache: Path | None = None
    """Folder for weights and for what is worked out once; $XDG_CACHE_HOME/fediward or ~/.cache/fediward if not set."""
    capacity: Annotated[int, Ge(1), Le(MAX_CAPACITY_FRAMES)] | None = None
    """Frames in flight; three batches, and at least 8, if not set."""
    batch: Annotated[int, Ge(1), Le(MAX_CAPACITY_FRAMES)] | None = None
    """Frames that the model computes in one go; what a short trial shows to be useful if not set."""
    allow_null_model: bool = False
    """Let `null` serve, which looks at nothing: for benchmarks and tests."""
    null_ms_per_frame: Annotated[float, Ge(0), Le(60_000)] = 0.0
    """Milliseconds that `null` pretends to need for a frame: for benchmarks and tests."""
    insecure: bool = False
    """Allow ws:// beyond loopback and private addresses."""
    proxy: bool = True
    """Use the proxy that the system or the environment names."""
    hours: str = ""
    """Local hours in which it takes scans, like 22-08 or 21:30-7:15; all day if empty."""
    start_paused: bool = False
    """Take no scans before `fediward-scanner resume`."""
    yield_gpu: Annotated[float, Ge(1), Le(100)] | None = None
    """Step aside while other programs use this share of the GPU or more, like 30%; needs an NVIDIA driver."""
    state_dir: Path | None = None
    """Folder for what `pause` and `resume` leave; $XDG_STATE_HOME/fediward or ~/.local/state/fediward if not set."""
    log_level: LogLevel = LogLevel.INFO
    """Least urgent log line written: debug, info, warning, error."""

    @field_validator("log_level", mode="before")
    @classmethod
    def _ignore_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("hours")
    @classmethod
    def _check_hours(cls, value: str) -> str:
        return str(Hours.parse(value)) if value else ""

    @field_validator("yield_gpu", mode="before")
    @classmethod
    def _drop_percent(cls, value: object) -> object:
        return value.strip().removesuffix("%") if isinstance(value, str) else value

    @field_validator("name")
    @classmethod
    def _default_to_host(cls, value: str) -> str:
        name = value or socket.gethostname()
        if len(name) > MAX_NAME_CHARACTERS or not is_printable(name):
            raise ValueError(f"use at most {MAX_NAME_CHARACTERS} printable characters")
        return name

    @property
    def cache_folder(self) -> Path:
        """The folder for weights and notes."""
        if self.cache is not None:
            return self.cache
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fediward"

    def read_token(self) -> str:
        """Give the secret. Raises ConfigurationError when there is none, or none that a header can carry."""
        if self.token_file is not None:
            token, origin = _read(self.token_file), "FEDIWARD_TOKEN_FILE"
        elif self.token is not None:
            token, origin = self.token.get_secret_value(), "FEDIWARD_TOKEN"
        else:
            raise ConfigurationError(
                "FEDIWARD_TOKEN is not set: make a token with `fediward-coordinator scanner new`, and put it there or "
                "into a file named by FEDIWARD_TOKEN_FILE"
            )
        token = token.strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigurationError(
                f"{origin} holds no token: one word as `fediward-coordinator scanner new` prints it"
            )
        return token


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        fault = getattr(error, "strerror", None) or "not text"
        raise ConfigurationError(f"FEDIWARD_TOKEN_FILE: cannot read {path}: {fault}") from error


def read_settings(
    options: Mapping[str, Any], *, env_file: Path | None = Path(".env"), connects: bool = True
) -> Settings:
    """Read the environment and `.env`, and let options that are not None win.

    A command that does not connect needs no coordinator's address.
    Raises ConfigurationError: one sentence that names the variable, and never its value.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings(_env_file=env_file, **given)
    except ValidationError as error:
        raise ConfigurationError(_sentence(error)) from error
    except (OSError, ValueError) as error:
        fault = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(f"cannot read {env_file}: {fault}") from error
    if connects and not settings.coordinator:
        raise ConfigurationError(
            "FEDIWARD_COORDINATOR is not set: give the coordinator's address, like wss://fediward.example.org"
        )
    return settings


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    variable = PREFIX + str(first["loc"][0]).upper()
    return f"{variable} is wrong: {first['msg'].removeprefix('Value error, ').lower()}"
