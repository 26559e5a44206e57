"""The coordinator's settings: environment variables FEDIWARD_…, also read from `.env`."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ByteSize, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from coordinator.judge.outcomes import Answer, LaterLookMode, Mode, Outcome, OutcomeTable
from coordinator.ledger.periods import Periods
from coordinator.media.limits import (
    MAX_ADDRESS_BYTES,
    MAX_SIDE_PX,
    MAX_STILL_PX,
    MAX_TIME_S,
    MAX_TOTAL_PX,
    MAX_UPLOADS,
    Limits,
)
from coordinator.media.looks import Views
from shared.errors import ConfigurationError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _comma_separated(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Networks: TypeAlias = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_comma_separated)]

PREFIX = "FEDIWARD_"
ENV_FILE = ".env"
MIN_TOKEN_CHARACTERS = 16


class LogLevel(StrEnum):
    """How urgent a log line must be to be written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """What an admin may set. Each field is the variable FEDIWARD_<NAME>; its description stands in the README."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    hook_bind: str = Field("127.0.0.1:14051", description="address and port that pict-rs calls; keep it internal")
    public_bind: str = Field(
        "127.0.0.1:14052", description="address and port for scanners and health; put TLS before it"
    )
    public_url: str = Field(
        "", description="address by which scanners reach it, like wss://fediward.example.org; `doctor` tries it"
    )
    data_dir: Path = Field(Path("data"), description="folder for credentials; made when missing, mode 0700")
    model: str = Field("ViT-L-14/openai", description="the model that scanners must serve")
    fingerprint: str = Field(
        "", description="fingerprint that the scanners' weights must have, its first 8 digits or more"
    )
    policy: str = Field("", description="policy name or TOML file; empty: the default policy of the model")
    strictness: str = Field("", description="per part, in units of similarity, plus is stricter: `minor:+0.01`")
    mode: Mode = Field(Mode.ENFORCE, description="`enforce`, or `shadow`: accept everything, record what would be done")
    deadline_ms: int = Field(8000, ge=500, le=120_000, description="milliseconds for one upload, reading it included")
    body_limit: ByteSize = Field(ByteSize(40 * 2**20), ge=1, description="largest upload")
    body_memory: ByteSize = Field(ByteSize(256 * 10**6), ge=1, description="memory for all bodies held at once")
    cutters: int = Field(
        2, ge=2, le=64, description="limited processes that decode uploads; sweeps have one fewer of their own"
    )
    views: Views = Field(
        Views.ALL, description="`all` looks at an upload, or only the `centre` square of its first frame"
    )
    side_limit_px: int = Field(
        12_000, ge=1, le=MAX_SIDE_PX, description="longest side of a picture or video, in pixels"
    )
    still_limit_px: int = Field(50_000_000, ge=1, le=MAX_STILL_PX, description="most pixels of a still picture")
    moments_limit_px: int = Field(
        300_000_000, ge=1, le=MAX_TOTAL_PX, description="most pixels decoded over all moments of one upload"
    )
    cutter_memory: ByteSize = Field(
        ByteSize(1536 * 2**20), ge=2**27, le=MAX_ADDRESS_BYTES, description="address space of a limited process"
    )
    cutter_cpu_ms: int = Field(
        3000, ge=1, le=1000 * MAX_TIME_S, description="processor time that one upload may cost, in milliseconds"
    )
    cutter_wall_ms: int = Field(
        4000,
        ge=1,
        le=1000 * MAX_TIME_S,
        description="time on the clock that cutting one live upload may take, in milliseconds",
    )
    cutter_uploads: int = Field(
        200, ge=1, le=MAX_UPLOADS, description="uploads after which a limited process is replaced"
    )
    trusted_proxies: Networks = Field((), description="proxies whose X-Forwarded-For counts; networks, comma-separated")
    pictrs_url: str = Field(
        "", description="address of pict-rs; with its key, pictures accepted unseen are looked at later"
    )
    pictrs_api_key: SecretStr | None = Field(None, description="the value of `PICTRS__SERVER__API_KEY`")
    admin_token: SecretStr | None = Field(
        None, description="opens the admin page, `/api/v1/status` and `/metrics`; empty: one is made at the first start"
    )
    metrics_networks: Networks = Field(
        (), description="networks that may read `/metrics` without the token, comma-separated"
    )
    notify_urls: SecretStr | None = Field(
        None,
        description="services that get notices, as apprise addresses separated by spaces; needs the extra `notify`",
    )
    notify_grace_s: int = Field(60, ge=0, le=86_400, description="seconds that a fault must last before it is told")
    notify_recovery_s: int = Field(60, ge=0, le=86_400, description="seconds that its end must last before it is told")
    later_look: LaterLookMode = Field(
        LaterLookMode.PURGE, description="what to do with a picture that is flagged later: `purge` it, or `report` it"
    )
    sweep_url: SecretStr | None = Field(
        None, description="where `sweep` and `calibrate` ask: http://ADDRESS:14051 and the path of `caller new --sweep`"
    )
    scores_days: int = Field(
        30, ge=0, le=3650, description="days that scores are kept, for judging by a changed policy"
    )
    verdicts_days: int = Field(
        365, ge=1, le=36_500, description="days that a verdict is kept after its picture came last"
    )
    pdq_distance: int = Field(
        31, ge=0, le=100, description="bits of 256 by which the PDQ of a copy may differ from that of a blocked picture"
    )
    pdq_quality: int = Field(50, ge=0, le=100, description="least quality, up to 100, of a PDQ that copies are told by")
    log_level: LogLevel = Field(LogLevel.INFO, description="least urgent log line written: debug, info, warning, error")
    on_no_scanner: Answer = Field(Answer.ACCEPT, description="answer when no scanner is there")
    on_overloaded: Answer = Field(Answer.ACCEPT, description="answer when there is no time or room")
    on_timed_out: Answer = Field(Answer.ACCEPT, description="answer when the scores are late")
    on_scanner_fault: Answer = Field(Answer.REJECT, description="answer when two scanners failed on the upload")
    on_unreadable: Answer = Field(Answer.REJECT, description="answer when the upload does not decode")
    on_unsupported: Answer = Field(Answer.REJECT, description="answer when the format is not one that we read")
    on_too_costly: Answer = Field(Answer.REJECT, description="answer when decoding costs more than allowed")
    on_too_large: Answer = Field(Answer.REJECT, description="answer when the upload has too many bytes")
    on_flagged: Answer = Field(Answer.REJECT, description="answer when the policy's rule is met")
    on_blocked: Answer = Field(Answer.REJECT, description="answer when an admin or a list blocks the upload")

    @field_validator("log_level", mode="before")
    @classmethod
    def _ignore_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("fingerprint")
    @classmethod
    def _check_fingerprint(cls, value: str) -> str:
        if value and not (8 <= len(value) <= 64 and set(value.lower()) <= set("0123456789abcdef")):
            raise ValueError("must be 8 to 64 hexadecimal digits, as `fediward-scanner selftest --json` prints them")
        return value.lower()

    @field_validator("hook_bind", "public_bind")
    @classmethod
    def _check_bind(cls, value: str) -> str:
        parse_bind(value)
        return value

    @field_validator("pictrs_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        parts = urlsplit(value)
        extras = parts.username or parts.query or parts.fragment or parts.port == 0
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or extras):
            raise ValueError("must be an address such as http://127.0.0.1:8080, without a query or a password")
        _check_host(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        extras = parts.username or parts.query or parts.fragment or parts.port == 0
        if value and (parts.scheme not in {"ws", "wss"} or not parts.hostname or extras):
            raise ValueError("must be an address such as wss://fediward.example.org, without a query or a password")
        _check_host(value)
        return value

    @field_validator("sweep_url")
    @classmethod
    def _check_sweep_url(cls, value: SecretStr | None) -> SecretStr | None:
        address = "" if value is None else value.get_secret_value()
        parts = urlsplit(address)
        if value is not None and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must be http://ADDRESS:14051 and the path that `caller new NAME --sweep` prints")
        _check_host(address)
        return value

    @field_validator("pictrs_api_key")
    @classmethod
    def _check_key(cls, value: SecretStr | None) -> SecretStr | None:
        key = "" if value is None else value.get_secret_value()
        if key and not (key.isascii() and key.isprintable()):
            raise ValueError("must consist of characters that can stand in a header")
        return value

    @field_validator("admin_token")
    @classmethod
    def _check_token(cls, value: SecretStr | None) -> SecretStr | None:
        token = "" if value is None else value.get_secret_value()
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise ValueError("must consist of characters that can stand in a header, without spaces")
        if token and len(token) < MIN_TOKEN_CHARACTERS:
            raise ValueError(f"must have at least {MIN_TOKEN_CHARACTERS} characters: it may be guessed from anywhere")
        return value

    @cached_property
    def outcomes(self) -> OutcomeTable:
        """The table that turns outcomes into answers."""
        choices = {outcome: getattr(self, f"on_{outcome}") for outcome in Outcome if hasattr(self, f"on_{outcome}")}
        return OutcomeTable(choices, self.mode)

    @property
    def media_limits(self) -> Limits:
        """What one upload may cost in a limited process."""
        return Limits(
            side_px=self.side_limit_px,
            still_px=self.still_limit_px,
            total_px=self.moments_limit_px,
            address_bytes=self.cutter_memory,
            cpu_s=self.cutter_cpu_ms / 1e3,
            wall_s=self.cutter_wall_ms / 1e3,
            uploads=self.cutter_uploads,
        )

    @property
    def periods(self) -> Periods:
        """How long the ledger keeps things."""
        return Periods(scores_days=self.scores_days, verdicts_days=self.verdicts_days)

    @property
    def ledger_file(self) -> Path:
        """The database of what is remembered."""
        return self.data_dir / "ledger.sqlite"

    @property
    def notify_addresses(self) -> str:
        """The services that get notices, separated by spaces; empty: none."""
        return "" if self.notify_urls is None else self.notify_urls.get_secret_value()

    @property
    def admin_token_file(self) -> Path:
        """The file of the admin token's hash, where the token was made here."""
        return self.data_dir / "admin-token.sha256"

    @property
    def sessions_file(self) -> Path:
        """The file of who is logged in."""
        return self.data_dir / "admin-sessions.json"

    @property
    def steering_file(self) -> Path:
        """The file of what an admin has set on the page."""
        return self.data_dir / "steering.json"

    @property
    def calibration_file(self) -> Path:
        """The file of what the last calibration came to."""
        return self.data_dir / "calibration.json"

    @property
    def scanners_file(self) -> Path:
        """The file of what is known of scanners that are away."""
        return self.data_dir / "scanners.json"

    @property
    def credentials_file(self) -> Path:
        """The file of callers and scanners."""
        return self.data_dir / "credentials.json"


def parse_bind(value: str) -> tuple[str, int]:
    """Split `host:port` (an IPv6 host in brackets). Raises ValueError."""
    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not _is_host(host) or not port.isdigit() or int(port) > 65535:
        raise ValueError("must be address:port, for example 127.0.0.1:14051")
    return host, int(port)


def _is_host(host: str) -> bool:
    """Say whether the system can look a host up: it raises UnicodeError for a label that is empty or too long."""
    try:
        return bool(host.encode("idna"))
    except UnicodeError:
        return False


def _check_host(address: str) -> None:
    """Refuse what nobody can be asked at. An empty address is none. Raises ValueError."""
    if not address:
        return
    # Not for a command that only shows its help.
    import httpx2

    try:
        host = httpx2.URL(address).raw_host.decode("ascii")
    except httpx2.InvalidURL:
        host = ""
    if not _is_host(host):
        raise ValueError("must have a name or an IP address as its host, and no control characters")


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raise ConfigurationError naming the first wrong variable."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else ""
        text = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"{PREFIX}{name}: {text[0].lower()}{text[1:]}.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError(f"{ENV_FILE} cannot be read: {reason}.") from error
