"""Settings: defaults, what is refused, and in which words."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from coordinator.judge.outcomes import Answer, Mode, Outcome
from coordinator.settings import Settings, load_settings, parse_bind
from shared.errors import ConfigurationError

NOT_READ = Path("/proc/self/mem")
"""A file that not even root can read from its start."""


def settings_of(**values: object) -> Settings:
    """Load settings from these values alone, whatever `.env` may lie around."""
    return load_settings(_env_file=None, **values)


def test_settings_defaults() -> None:
    """Without any variable the coordinator listens on loopback and enforces."""
    settings = settings_of()
    assert (settings.hook_bind, settings.public_bind) == ("127.0.0.1:14051", "127.0.0.1:14052")
    assert (settings.mode, settings.deadline_ms, settings.body_limit) == (Mode.ENFORCE, 8000, 40 * 2**20)


def test_settings_outcomes_follow_the_variables() -> None:
    """FEDIWARD_ON_… reaches the table."""
    settings = settings_of(on_no_scanner="reject", on_unreadable="accept")
    assert settings.outcomes.answers[Outcome.NO_SCANNER] is Answer.REJECT
    assert settings.outcomes.answers[Outcome.UNREADABLE] is Answer.ACCEPT
    assert settings.outcomes.answers[Outcome.FLAGGED] is Answer.REJECT


def test_settings_networks_are_comma_separated() -> None:
    """Proxies are networks of either kind."""
    networks = settings_of(trusted_proxies="172.18.0.0/16, fd00::/8").trusted_proxies
    assert networks == (ipaddress.ip_network("172.18.0.0/16"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hook_bind", "14051"),
        ("hook_bind", "127.0.0..1:14051"),
        ("public_bind", "127.0.0.1:99999"),
        ("public_bind", f"{'a' * 64}.example:14052"),
        ("mode", "off"),
        ("deadline_ms", "soon"),
        ("deadline_ms", 1),
        ("body_limit", "big"),
        ("cutters", 1),
        ("side_limit_px", 5 * 10**9),
        ("still_limit_px", 2**31),
        ("moments_limit_px", 10**20),
        ("cutter_memory", "16EiB"),
        ("cutter_cpu_ms", 10**11),
        ("cutter_wall_ms", 10**11),
        ("cutter_uploads", 10**10),
        ("trusted_proxies", "172.18.0.1/16"),
        ("on_no_scanner", "maybe"),
        ("log_level", "LOUD"),
        ("pictrs_url", "pict-rs:8080"),
        ("pictrs_url", "http://user:password@pict-rs:8080"),
        ("pictrs_url", "http://pict-rs:8080/?key=x"),
        ("pictrs_url", "http://pict-rs:99999"),
        ("pictrs_url", "http://10.0.0.256:8080"),
        ("pictrs_url", "http://192.168.1.010:8080"),
        ("pictrs_url", "http://pict..rs:8080"),
        ("pictrs_url", "http://pict-rs\x7f:8080"),
        ("public_url", "wss://10.0.0.256"),
        ("public_url", f"wss://{'a' * 64}.example"),
        ("sweep_url", "http://10.0.0.256:14051/api/v1/scan/secret"),
        ("pictrs_api_key", "schlüssel"),
        ("later_look", "never"),
        ("fingerprint", "feed"),
        ("fingerprint", "not hexadecimal"),
    ],
)
def test_settings_wrong_value_is_one_sentence(field: str, value: object) -> None:
    """A wrong value is refused by a sentence that begins with the variable's name."""
    with pytest.raises(ConfigurationError, match=rf"^FEDIWARD_{field.upper()}: [^\n]+\.$") as caught:
        settings_of(**{field: value})
    assert "secret" not in str(caught.value)


def test_settings_file_that_cannot_be_read_is_a_sentence() -> None:
    """It names the file and the reason."""
    with pytest.raises(ConfigurationError, match=r"^\.env cannot be read: Input/output error\.$"):
        load_settings(_env_file=NOT_READ)


@pytest.mark.parametrize("host", ["10.0.0.2", "[fd00::2]", "[fe80::2%eth0]", "pict_rs", "bücher.example", "a.example."])
def test_settings_addresses_have_any_host_that_there_may_be(host: str) -> None:
    """Addresses of both kinds, names of containers, and names that are not ASCII."""
    settings = settings_of(pictrs_url=f"http://{host}:8080", public_url=f"wss://{host}", sweep_url=f"http://{host}/x")
    assert settings.pictrs_url == f"http://{host}:8080"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::]:14051", ("::", 14051)), ("example.org:1", ("example.org", 1))],
)
def test_settings_parse_bind(text: str, expected: tuple[str, int]) -> None:
    """Hosts by name, IPv4 and IPv6."""
    assert parse_bind(text) == expected


def test_settings_do_not_show_the_key_of_pictrs() -> None:
    """Whatever prints the settings, the key does not stand there."""
    settings = settings_of(pictrs_url="http://10.0.0.2:8080/", pictrs_api_key="s3cret")
    assert settings.pictrs_api_key is not None
    assert settings.pictrs_api_key.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump()}"
