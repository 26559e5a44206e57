"""The credentials file: names and hashes of secrets, read again when it changes."""

from __future__ import annotations

import ipaddress
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from coordinator.credentials import LOCAL_CALLER, Credentials
from shared.errors import ConfigurationError


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """Credentials in a folder that does not exist yet."""
    return Credentials(tmp_path / "data" / "credentials.json")


def test_credentials_first_scanner_comes_with_the_local_caller(credentials: Credentials, tmp_path: Path) -> None:
    """Whatever makes the file first, callers of loopback and private networks are in it; nobody else may read it."""
    credentials.add_scanner("box")
    assert [caller.name for caller in credentials.book.callers] == [LOCAL_CALLER]
    file = tmp_path / "data" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_credentials_create_is_done_once(credentials: Credentials) -> None:
    """An existing file is left alone, also when its local caller was revoked."""
    assert credentials.create()
    credentials.revoke_caller(LOCAL_CALLER)
    assert not credentials.create()
    assert credentials.book.callers == ()


def test_credentials_secrets_are_not_in_the_file(credentials: Credentials, tmp_path: Path) -> None:
    """Only hashes are kept; the secret finds its owner all the same."""
    token, secret = credentials.add_scanner("box"), credentials.add_caller("lemmy")
    text = (tmp_path / "data" / "credentials.json").read_text()
    assert token not in text
    assert secret not in text
    scanner, caller = credentials.book.scanner_by_token(token), credentials.book.caller_by_secret(secret)
    assert scanner is not None
    assert scanner.name == "box"
    assert caller is not None
    assert caller.name == "lemmy"


@pytest.mark.parametrize("secret", ["", "x", "ä"])
def test_credentials_unknown_secret_finds_nobody(credentials: Credentials, secret: str) -> None:
    """A wrong or empty secret belongs to nobody, also where callers without a secret exist."""
    credentials.create()
    credentials.add_caller("lemmy")
    assert credentials.book.caller_by_secret(secret) is None
    assert credentials.book.scanner_by_token(secret) is None


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("172.31.255.255", True),
        ("192.168.1.1", True),
        ("::1", True),
        ("fd00::1", True),
        ("104.16.0.1", False),
        ("108.1.2.3", False),
        ("172.32.0.1", False),
        ("2001:db8::1", False),
    ],
)
def test_credentials_local_caller_by_address(credentials: Credentials, address: str, known: bool) -> None:
    """Private addresses are networks, not prefixes of text: 104.x is public, 172.31.x is private."""
    credentials.create()
    found = credentials.book.caller_by_address(ipaddress.ip_address(address))
    assert (found is not None) is known


def test_credentials_two_of_one_name_are_refused(credentials: Credentials) -> None:
    """A second scanner or caller of a name is refused, and the first keeps its secret."""
    token = credentials.add_scanner("box")
    credentials.add_caller("box")
    with pytest.raises(ConfigurationError, match="exists already"):
        credentials.add_scanner("box")
    with pytest.raises(ConfigurationError, match="exists already"):
        credentials.add_caller("box")
    assert credentials.book.scanner_by_token(token) is not None


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n", "x" * 101])
def test_credentials_unusable_names_are_refused(credentials: Credentials, name: str) -> None:
    """Names are short and without spaces, slashes and control characters."""
    with pytest.raises(ConfigurationError, match="no usable name"):
        credentials.add_scanner(name)


def test_credentials_revoked_are_unknown(credentials: Credentials) -> None:
    """After revoking, secret and token find nobody; an unknown name is said to be unknown."""
    token, secret = credentials.add_scanner("box"), credentials.add_caller("lemmy")
    scanner = credentials.book.scanner_by_token(token)
    assert scanner is not None
    credentials.revoke_scanner("box")
    credentials.revoke_caller("lemmy")
    assert credentials.book.scanner_by_token(token) is None
    assert not credentials.book.knows(scanner)
    assert credentials.book.caller_by_secret(secret) is None
    with pytest.raises(ConfigurationError, match="no scanner named box"):
        credentials.revoke_scanner("box")
    with pytest.raises(ConfigurationError, match="no caller named lemmy"):
        credentials.revoke_caller("lemmy")


def test_credentials_change_by_another_process_is_seen(credentials: Credentials, tmp_path: Path) -> None:
    """Another command changes the file: the next look sees it."""
    credentials.create()
    other = Credentials(tmp_path / "data" / "credentials.json")
    token = other.add_scanner("box")
    assert credentials.latest.scanner_by_token(token) is not None
    other.revoke_scanner("box")
    assert credentials.latest.scanner_by_token(token) is None


@pytest.mark.parametrize("text", ["", "{", '{"callers": 3}', '{"unknown": []}'])
def test_credentials_damaged_file_is_one_sentence(credentials: Credentials, tmp_path: Path, text: str) -> None:
    """A damaged file is named; a running service goes on with what it knew, and nothing overwrites the file."""
    token = credentials.add_scanner("box")
    assert credentials.book.scanner_by_token(token) is not None
    file = tmp_path / "data" / "credentials.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="is damaged"):
        _ = credentials.book
    with pytest.raises(ConfigurationError, match="is damaged"):
        credentials.add_scanner("other")
    assert credentials.latest.scanner_by_token(token) is not None
    assert file.read_text() == text


def no_folder(file: Path) -> None:
    """Put a file in the place of the folder: ENOTDIR."""
    file.parent.rename(file.parent.with_name("aside"))
    file.parent.write_text("")


def no_end(file: Path) -> None:
    """Put a link to itself in the place of the file: ELOOP."""
    file.unlink()
    file.symlink_to(file.name)


@pytest.mark.parametrize("hide", [no_folder, no_end])
def test_credentials_file_out_of_reach_is_one_sentence(
    credentials: Credentials, tmp_path: Path, caplog: pytest.LogCaptureFixture, hide: Callable[[Path], None]
) -> None:
    """A file that cannot even be looked for is named; a running service goes on with what it knew, and says so once."""
    token = credentials.add_scanner("box")
    assert credentials.latest.scanner_by_token(token) is not None
    hide(tmp_path / "data" / "credentials.json")
    with pytest.raises(ConfigurationError, match=r"credentials\.json cannot be read: "):
        _ = credentials.book
    for _ in range(3):
        assert credentials.latest.scanner_by_token(token) is not None
    assert caplog.text.count("Going on with the credentials read before.") == 1


def test_credentials_same_fault_again_is_said_again(
    credentials: Credentials, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that was mended in between and is damaged in the same way again is named again."""
    credentials.add_scanner("box")
    file = tmp_path / "data" / "credentials.json"
    whole = file.read_text()
    for _ in range(2):
        file.write_text("{")
        assert credentials.latest
        file.write_text(whole)
        assert credentials.latest
    assert caplog.text.count("Going on with the credentials read before.") == 2


def test_credentials_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    """A data folder that cannot be made is a configuration error that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="FEDIWARD_DATA_DIR must be writable"):
        Credentials(tmp_path / "file" / "data" / "credentials.json").add_scanner("box")


def test_credentials_networks_and_sweep_are_kept(credentials: Credentials, tmp_path: Path) -> None:
    """A caller known by its network has no secret, and keeps what it may do."""
    secret = credentials.add_caller("lemmy", (ipaddress.ip_network("203.0.113.0/24"),), may_sweep=True)
    caller = credentials.book.caller_by_address(ipaddress.ip_address("203.0.113.9"))
    assert secret == ""
    assert caller is not None
    assert (caller.name, caller.may_sweep) == ("lemmy", True)
    assert json.loads((tmp_path / "data" / "credentials.json").read_text())["callers"][1]["networks"] == [
        "203.0.113.0/24"
    ]
