"""The settings of pictrs-safety, understood."""

from __future__ import annotations

import ipaddress
import os
import subprocess
from pathlib import Path

import pytest

from coordinator.credentials import Book
from coordinator.judge.outcomes import Answer
from coordinator.predecessor import VARIABLES, inherit, new_lines, read_old, with_answers
from coordinator.settings import load_settings
from shared.errors import ConfigurationError
from tests.coordinator.test_settings import NOT_READ
from tests.end_to_end.forked import run

TEMPLATE = """\
# As pictrs-safety's template has it, with the commented lines taken in.
USE_SQLITE=1
FEDIVERSE_SAFETY_WORKER_AUTH='abcdfeg123456'
FEDIVERSE_SAFETY_IMGDIR='/tmp/images'
POSTGRES_URI="postgresql://user:password@127.0.0.1/database"
KNOWN_PICTRS_IDS='["a-long-word-that-pict-rs-has", "IPADDR"]'
KNOWN_PICTRS_IPS='["203.0.113.5"]'
SCAN_BYPASS_THRESHOLD=10
MISSING_WORKER_THRESHOLD=0
LEMMY_DOMAIN=example.org
"""


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """Return a .env of pictrs-safety."""
    file = tmp_path / ".env"
    file.write_text(TEMPLATE)
    return file


def test_old_settings_become_callers_and_answers(env_file: Path) -> None:
    """Words become callers' secrets, addresses a network, and a threshold of 0 says reject."""
    inherited = inherit(read_old({}, env_file))
    book = Book(callers=inherited.callers)
    assert book.caller_by_secret("a-long-word-that-pict-rs-has") is not None
    assert book.caller_by_secret("IPADDR") is None
    assert book.caller_by_address(ipaddress.ip_address("203.0.113.5")) is not None
    assert book.caller_by_address(ipaddress.ip_address("203.0.113.6")) is None
    assert inherited.answers == {"on_overloaded": Answer.ACCEPT, "on_no_scanner": Answer.REJECT}


def test_every_old_setting_has_a_notice_without_its_value(env_file: Path) -> None:
    """Each variable that is set is named, and no value of it."""
    old = read_old({}, env_file)
    said = "\n".join(inherit(old).notices)
    assert all(name in said for name in old)
    assert not [value for value in ("abcdfeg", "a-long-word", "203.0.113", "password", "/tmp") if value in said]


def test_our_own_variable_wins(env_file: Path) -> None:
    """An answer that is set here stands, and one that is not is inherited."""
    inherited = inherit(read_old({}, env_file))
    assert with_answers(load_settings(), inherited).on_no_scanner is Answer.REJECT
    ours = load_settings(on_no_scanner="accept")
    assert with_answers(ours, inherited).on_no_scanner is Answer.ACCEPT


def test_environment_wins_over_the_file(env_file: Path) -> None:
    """The environment says more than the file; an empty variable says nothing."""
    old = read_old({"MISSING_WORKER_THRESHOLD": "5", "SCAN_BYPASS_THRESHOLD": ""}, env_file)
    assert (old["MISSING_WORKER_THRESHOLD"], old["SCAN_BYPASS_THRESHOLD"]) == ("5", "10")
    assert read_old({}, env_file.parent / "none") == {}


def test_short_words_are_warned_of() -> None:
    """A secret that can be guessed is told as that."""
    assert "less than 16" in " ".join(inherit({"KNOWN_PICTRS_IDS": '["__WELCOME_IN__"]'}).notices)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KNOWN_PICTRS_IDS", "word"),
        ("KNOWN_PICTRS_IDS", '{"a": 1}'),
        ("KNOWN_PICTRS_IDS", "[1]"),
        ("KNOWN_PICTRS_IPS", '["house"]'),
        ("SCAN_BYPASS_THRESHOLD", "ten"),
    ],
)
def test_wrong_old_setting_is_named(name: str, value: str) -> None:
    """What pictrs-safety could not have read either is one sentence that names the variable, not its value."""
    with pytest.raises(ConfigurationError, match=name) as caught:
        inherit({name: value})
    assert value not in str(caught.value)


def test_new_file_means_the_same(env_file: Path, tmp_path: Path) -> None:
    """What `migrate` prints is understood as the old file was."""
    before = inherit(read_old({}, env_file))
    file = tmp_path / "new.env"
    file.write_text("\n".join(new_lines(before)))
    after = inherit(read_old({}, file))
    assert (after.ids, after.networks) == (before.ids, before.networks)
    assert load_settings(_env_file=file).on_no_scanner is Answer.REJECT


def migrate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `migrate pictrs-safety`."""
    command = ["-m", "coordinator", "migrate", "pictrs-safety", *arguments]
    clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return run(command, folder=folder, environment=clean)


def test_migrate_prints_the_new_file(env_file: Path) -> None:
    """The new .env is on stdout, words are on stderr; without an old one it is exit code 2 and one sentence."""
    done = migrate(env_file.parent)
    assert done.returncode == 0
    assert "FEDIWARD_ON_NO_SCANNER=reject\n" in done.stdout
    assert "WORKER_AUTH" not in done.stdout
    assert "scanner new" in done.stderr
    done = migrate(env_file.parent, "none")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_old_settings_in_a_file_that_cannot_be_read() -> None:
    """The sentence names the file and the reason."""
    with pytest.raises(ConfigurationError, match=f"^{NOT_READ} cannot be read: Input/output error"):
        read_old({}, NOT_READ)
