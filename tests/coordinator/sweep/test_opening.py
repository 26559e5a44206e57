"""From what an admin types to a plan and a source."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from coordinator.sweep.opening import Request, plan_of
from coordinator.sweep.sources.opening import Choices, identity, open_source
from shared.errors import ConfigurationError

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_plan_reads_times() -> None:
    """Spans and times are told apart, and an interval has a least length."""
    request = Request("x", Choices(), since="20m", every="30s", limit_per_s=5.0)
    plan = plan_of(request, AT)
    assert (plan.since_s, plan.every_s, plan.limit_per_s) == (AT.timestamp() - 1200, 30, 5.0)
    assert plan_of(Request("x", Choices(), since="2026-11-22", every="0s"), AT).every_s == 1
    nothing = plan_of(Request("x", Choices()), AT)
    assert (nothing.since_s, nothing.every_s) == (None, None)


@pytest.mark.parametrize("wrong", [{"since": "soon"}, {"every": "now and then"}])
def test_plan_refuses_other_words(wrong: dict[str, str]) -> None:
    """A wrong time is a sentence that names the option."""
    with pytest.raises(ConfigurationError, match=f"--{next(iter(wrong))}"):
        plan_of(Request("x", Choices(), **wrong), AT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("ftp://host/path", "ftp:// is no source"),
        ("s3://", "s3://BUCKET"),
        ("sftp://host", "sftp://USER@HOST"),
        ("sftp://host:none/x", "sftp://"),
        ("sftp://user:password@host/x", "password"),
        ("s3://[", "no address"),
        ("pictrs://", "FEDIWARD_PICTRS_URL"),
    ],
)
def test_source_that_is_none_is_a_sentence(address: str, sentence: str) -> None:
    """What is no source is refused before anything is asked or read."""
    with pytest.raises(ConfigurationError) as caught:
        open_source(address, Choices())
    assert sentence in str(caught.value)


def test_prefix_of_what_has_no_paths_is_refused() -> None:
    """pict-rs's contents have no paths: a prefix would narrow nothing, and is refused instead of passed over."""
    choices = Choices(prefix="ab", pictrs_url="http://p", pictrs_key="key")
    with pytest.raises(ConfigurationError, match="--prefix"):
        open_source("pictrs://", choices)


def test_bucket_before_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no host pictures.10.0.0.5."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    for endpoint in ("http://10.0.0.5:9000", "http://[::1]:9000"):
        with pytest.raises(ConfigurationError, match="--s3-virtual-host"):
            open_source("s3://pictures", Choices(s3_endpoint=endpoint, s3_virtual_host=True))


def test_source_has_one_identity_however_it_is_written(tmp_path: Path) -> None:
    """The same folder by another path is the same source; another prefix, bucket or server is another one."""
    (tmp_path / "store").mkdir()
    same = {
        identity(text, Choices()) for text in (f"{tmp_path}/store", f"{tmp_path}/store/", f"file://{tmp_path}/store")
    }
    assert len(same) == 1
    assert identity(f"{tmp_path}/store", Choices(prefix="a")) not in same
    one, other = (identity("s3://b/", Choices(s3_endpoint=url)) for url in ("http://one", "http://other"))
    assert one != other
    assert identity("s3://b", Choices(s3_endpoint="http://one")) == one
    assert identity("pictrs://", Choices(pictrs_url="http://p/")) == identity(
        "pictrs://", Choices(pictrs_url="http://p")
    )
