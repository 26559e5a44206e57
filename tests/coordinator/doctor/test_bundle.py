"""The diagnostics file: what is in it, and above all what is not."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from coordinator.doctor.bundle import TOLD, make_bundle, write_bundle
from coordinator.settings import Settings, load_settings
from shared.errors import ConfigurationError
from shared.findings import good, wrong

PLANTED = {
    "pictrs_api_key": "kEy-of-PictRs",
    "pictrs_url": "http://pictrs.internal.example:8080",
    "public_url": "wss://fediward.my-instance.example",
    "data_dir": "/home/alice/data",
    "policy": "/home/alice/own.toml",
    "strictness": "minor:+0.0123",
    "hook_bind": "172.18.0.5:14051",
    "trusted_proxies": "203.0.113.77/32",
}


def members(content: bytes) -> dict[str, Any]:
    """Return what is in a bundle, read as JSON."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_bundle_holds_no_value_that_tells_of_somebody() -> None:
    """No planted value is in the bundle, even where a sentence repeats it or a part of it."""
    settings = load_settings(**PLANTED)
    texts = [*PLANTED.values(), "pictrs.internal.example", "fediward.my-instance.example", "172.18.0.5:14051"]
    findings = [wrong("all", f"it says {text!r} twice: {text}", part=text, cure=text) for text in texts]

    content = make_bundle(findings, settings)

    told = json.dumps(members(content))
    for text in texts:
        assert text not in told, text
    assert "alice" not in told
    assert "<FEDIWARD_PICTRS_API_KEY>" in told


def test_bundle_tells_numbers_and_words_that_everybody_may_know() -> None:
    """Numbers, switches, answers and the model are told; all else is 'set' or 'default'."""
    settings = load_settings(**PLANTED, deadline_ms=7000, mode="shadow", on_no_scanner="reject", model="demo")
    shown = members(make_bundle([good("a", "works")], settings))["settings.json"]
    assert shown["FEDIWARD_DEADLINE_MS"] == 7000
    assert (shown["FEDIWARD_MODE"], shown["FEDIWARD_ON_NO_SCANNER"]) == ("shadow", "reject")
    assert shown["FEDIWARD_MODEL"] == "demo"
    assert shown["FEDIWARD_PUBLIC_BIND"] == "default"
    assert shown["FEDIWARD_PICTRS_API_KEY"] == "set"
    assert set(shown) == {f"FEDIWARD_{name.upper()}" for name in Settings.model_fields}


def test_bundle_without_settings_has_findings_and_versions() -> None:
    """Settings that cannot be read leave the rest."""
    found = members(make_bundle([wrong("settings", "is wrong", part="settings", cure="")], None))
    assert found["settings.json"] == {}
    assert found["findings.json"][0]["check"] == "settings"
    assert found["machine.json"]["fediward"]


@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - TOLD))
def test_bundle_hides_every_setting_of_words(name: str) -> None:
    """A setting that holds words of the admin's own, those that will come included, is not told."""
    planted: dict[str, Any] = {name: SecretStr("planted-word")}
    settings = Settings.model_construct(**planted)
    assert "planted-word" not in json.dumps(
        members(make_bundle([good("a", "planted-word")], settings))["settings.json"]
    )


def test_bundle_is_private_and_overwrites_nothing(tmp_path: Path) -> None:
    """The file has mode 0600, and a file that exists is left alone."""
    file = tmp_path / "bundle.zip"
    write_bundle(file, [], None)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_bundle(file, [], None)
