"""Settings from options, the environment and a file."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from scanner.settings import LogLevel, Settings, read_settings
from shared.errors import ConfigurationError

NEEDED = {"coordinator": "wss://a.example"}

NOT_READ = Path("/proc/self/mem")
"""A file that not even root can read from its start."""


def read(**options: object) -> Settings:
    """Read settings from options alone."""
    return read_settings(NEEDED | options, env_file=None)


def test_defaults() -> None:
    """A scanner needs an address and a token; the rest has a default."""
    settings = read()
    assert settings.name == socket.gethostname()
    assert settings.model == "ViT-L-14/openai"
    assert settings.capacity is None
    assert settings.proxy
    assert not settings.insecure
    assert not settings.allow_null_model


def test_option_that_is_none_is_not_given() -> None:
    """Options that were left out do not hide what the file says."""
    assert read(model=None).model == "ViT-L-14/openai"


def test_file_is_read(tmp_path: Path) -> None:
    """Settings may stand in a file beside those of the coordinator, whose names are ignored."""
    file = tmp_path / ".env"
    file.write_text("FEDIWARD_COORDINATOR=wss://b.example\nFEDIWARD_HOOK_BIND=x\nFEDIWARD_CAPACITY=3\nFEDIWARD_NAME=\n")
    settings = read_settings({}, env_file=file)
    assert settings.coordinator == "wss://b.example"
    assert settings.capacity == 3
    assert settings.name == socket.gethostname()


def test_option_wins_over_file(tmp_path: Path) -> None:
    """What was typed counts."""
    file = tmp_path / ".env"
    file.write_text("FEDIWARD_COORDINATOR=wss://b.example\nFEDIWARD_PROXY=1\n")
    settings = read_settings({"coordinator": "wss://c.example", "proxy": False}, env_file=file)
    assert settings.coordinator == "wss://c.example"
    assert not settings.proxy


def test_file_that_is_not_text_is_a_sentence(tmp_path: Path) -> None:
    """A broken file is named."""
    file = tmp_path / ".env"
    file.write_bytes(b"FEDIWARD_NAME=\xff\xfe\n")
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_settings({}, env_file=file)


@pytest.mark.skipif(not NOT_READ.exists(), reason="needs /proc")
def test_file_that_cannot_be_read_is_a_sentence() -> None:
    """It names the file and the reason."""
    with pytest.raises(ConfigurationError, match=f"^cannot read {NOT_READ}: Input/output error$"):
        read_settings({}, env_file=NOT_READ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("capacity", 0),
        ("capacity", "many"),
        ("capacity", 5000),
        ("batch", 0),
        ("threads", 0),
        ("device", "toaster"),
        ("precision", "fp8"),
        ("activation", "relu"),
        ("log_level", "loud"),
        ("insecure", "perhaps"),
        ("proxy", "http://p"),
        ("null_ms_per_frame", -1),
        ("null_ms_per_frame", "nan"),
        ("name", "x" * 101),
        ("name", "a\nb"),
    ],
)
def test_wrong_value_is_one_sentence_that_names_the_variable(name: str, value: object) -> None:
    """An admin reads which variable to change."""
    with pytest.raises(ConfigurationError) as caught:
        read(**{name: value})
    sentence = str(caught.value)
    assert sentence.startswith(f"FEDIWARD_{name.upper()} is wrong: ")
    assert "\n" not in sentence


def test_missing_coordinator_is_a_sentence() -> None:
    """There is no default coordinator."""
    with pytest.raises(ConfigurationError, match="FEDIWARD_COORDINATOR is not set"):
        read_settings({}, env_file=None)


def test_log_level_may_be_in_capitals() -> None:
    """People write INFO and info."""
    assert read(log_level="DEBUG").log_level is LogLevel.DEBUG


def test_token_is_stripped() -> None:
    """A newline that came along is no part of a secret."""
    assert read(token=" abc\n").read_token() == "abc"


def test_token_file_wins(tmp_path: Path) -> None:
    """A secret in a file is preferred to one in the environment."""
    file = tmp_path / "token"
    file.write_text("from-file\n")
    assert read(token="from-environment", token_file=file).read_token() == "from-file"


def test_missing_token_is_a_sentence() -> None:
    """The sentence says where a token comes from."""
    with pytest.raises(ConfigurationError, match=r"^FEDIWARD_TOKEN is not set: .*scanner new"):
        read().read_token()


@pytest.mark.parametrize("token", ["", " ", "two words", "töken", "a\r\nX-Header: b", "a\x00"])
def test_token_that_no_header_can_carry_is_refused(token: str) -> None:
    """A token is one plain word, and a wrong one is not repeated."""
    with pytest.raises(ConfigurationError) as caught:
        read(token=token).read_token()
    assert str(caught.value).startswith("FEDIWARD_TOKEN holds no token")
    assert len(token) < 2 or token not in str(caught.value)


def test_token_file_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    """The sentence names the variable, the file and the fault."""
    with pytest.raises(ConfigurationError, match=r"^FEDIWARD_TOKEN_FILE: cannot read .*gone: No such file"):
        read(token_file=tmp_path / "gone").read_token()


def test_token_file_that_is_not_text_is_a_sentence(tmp_path: Path) -> None:
    """A picture in place of a token is refused."""
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ConfigurationError, match="not text"):
        read(token_file=file).read_token()


def test_repr_hides_the_token() -> None:
    """Settings may be logged."""
    assert "abcdef" not in repr(read(token="abcdef"))
