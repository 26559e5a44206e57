"""Uploads through a real pict-rs: what it is told, what it tells the uploader, and what it keeps."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest
import pytest_asyncio
from PIL import Image

from tests.coordinator.media.pictures import encoded, photograph
from tests.end_to_end.pictrs import PictRs, binary
from tests.end_to_end.processes import Coordinator, Scanner

pytestmark = [pytest.mark.pictrs, pytest.mark.asyncio(loop_scope="module")]

PNG_FORMAT = 7
"""The number of PNG in the hashes of pict-rs; in danger_dummy_mode every file counts as one."""

LONGEST_S = 8.0
"""FEDIWARD_DEADLINE_MS by default."""


@dataclass(frozen=True)
class Instance:
    """A pict-rs that asks a coordinator with a scanner, as a secret caller."""

    coordinator: Coordinator
    pictrs: PictRs

    def asked(self, content: bytes) -> int:
        """Count how often the coordinator answered for this content."""
        return self.coordinator.log.count(f"sha256={hashlib.sha256(content).hexdigest()} bytes=")


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    if not binary().exists():
        missing = f"pict-rs is not installed at {binary()}: run .ci/install-pict-rs"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instance(tmp_path_factory: pytest.TempPathFactory, _installed: None) -> AsyncIterator[Instance]:
    """Run a coordinator, a scanner and a pict-rs that may fetch from this machine."""
    folder = tmp_path_factory.mktemp("instance")
    async with Coordinator(folder) as coordinator, Scanner(coordinator, "one"):
        hook = coordinator.hook_url(coordinator.new_caller("lemmy"))
        async with PictRs(folder, validation=hook, local_connections=True) as pictrs:
            yield Instance(coordinator, pictrs)


def picture(shade: int, *, number: int = 0) -> bytes:
    """Return a photograph that is nearly all of one grey: 0 passes, 255 is flagged; each number gives other bytes."""
    image = Image.blend(photograph(), Image.new("RGB", photograph().size, (shade,) * 3), 0.9)
    image.putpixel((image.width - 1, image.height - 1), (number, number, number))
    return encoded(image, "PNG")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files of a folder over HTTP, as a remote site does; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Write nothing."""


def assert_refused(answer: httpx2.Response, status: int = 400) -> None:
    """Hold that pict-rs tells the uploader that validation refused the file."""
    assert (answer.status_code, answer.json().get("code")) == (status, "failed-external-validation"), answer.text


def alias_of(answer: httpx2.Response, status: int = 201) -> str:
    """Return the alias of the one file that pict-rs took."""
    assert answer.status_code == status, answer.text
    (file,) = answer.json()["files"]
    return str(file["file"])


async def test_upload_accepted_is_kept_as_judged(instance: Instance) -> None:
    """A dark picture is judged clean and kept: pict-rs's hash and bytes are those that the coordinator looked at."""
    content = picture(0, number=1)
    before = instance.pictrs.stored()

    alias = alias_of(await instance.pictrs.upload(content))

    assert (await instance.pictrs.original(alias)).content == content
    (file,) = instance.pictrs.stored() - before
    assert file.read_bytes() == content
    sha256 = hashlib.sha256(content).digest()
    assert f"sha256={sha256.hex()} bytes={len(content)} outcome=clean" in instance.coordinator.log
    key = sha256 + len(content).to_bytes(6, "big") + bytes([PNG_FORMAT])
    (entry,) = await instance.pictrs.hashes(slug=base64.urlsafe_b64encode(key).decode())
    assert (entry["hex"], entry["aliases"]) == (key.hex(), [alias])


async def test_upload_refused_leaves_nothing(instance: Instance) -> None:
    """A bright picture is flagged: the uploader gets 400, and pict-rs keeps neither file nor hash."""
    content = picture(255, number=2)
    before = instance.pictrs.stored()

    assert_refused(await instance.pictrs.upload(content))

    await instance.pictrs.stores_only(before)
    sha256 = hashlib.sha256(content).hexdigest()
    assert f"sha256={sha256} bytes={len(content)} outcome=flagged" in instance.coordinator.log
    assert not [entry for entry in await instance.pictrs.hashes() if entry["hex"].startswith(sha256)]


async def test_upload_that_is_no_picture_is_refused(instance: Instance) -> None:
    """Bytes that are no picture, called image/png by pict-rs, are refused for what they are."""
    before = instance.pictrs.stored()

    assert_refused(await instance.pictrs.upload(b"no picture at all" * 1000))

    await instance.pictrs.stores_only(before)
    assert "outcome=unsupported" in instance.coordinator.log


async def test_upload_of_the_same_picture_twice_is_kept_once(instance: Instance) -> None:
    """An accepted picture that comes again is asked about again, gets a second alias, and is kept once."""
    content = picture(0, number=3)
    before = instance.pictrs.stored()

    first = alias_of(await instance.pictrs.upload(content))
    kept = instance.pictrs.stored()
    second = alias_of(await instance.pictrs.upload(content))

    assert first != second
    assert len(kept - before) == 1
    await instance.pictrs.stores_only(kept)
    assert instance.asked(content) == 2
    assert [(await instance.pictrs.original(alias)).content == content for alias in (first, second)] == [True, True]


async def test_upload_refused_twice_stays_refused(instance: Instance) -> None:
    """A refused picture that comes again is refused again."""
    content = picture(255, number=4)
    before = instance.pictrs.stored()

    for _ in range(2):
        assert_refused(await instance.pictrs.upload(content))

    await instance.pictrs.stores_only(before)
    assert instance.asked(content) == 2


async def test_download_by_url_is_judged(instance: Instance, tmp_path: Path) -> None:
    """A picture that pict-rs fetches by its URL is kept when dark, and refused and removed when bright."""
    dark, bright = picture(0, number=5), picture(255, number=5)
    (tmp_path / "dark.png").write_bytes(dark)
    (tmp_path / "bright.png").write_bytes(bright)

    with served(tmp_path) as remote:
        alias = alias_of(await instance.pictrs.download(f"{remote}/dark.png"))
        assert (await instance.pictrs.original(alias)).content == dark
        before = instance.pictrs.stored()
        assert_refused(await instance.pictrs.download(f"{remote}/bright.png"))
        await instance.pictrs.stores_only(before)
    assert (instance.asked(dark), instance.asked(bright)) == (1, 1)


async def test_proxied_picture_is_judged_once_if_kept_and_at_every_view_if_refused(
    instance: Instance, tmp_path: Path
) -> None:
    """Viewed twice through pict-rs, a dark remote picture is asked about once, and a refused one at every view."""
    dark, bright = picture(0, number=6), picture(255, number=6)
    (tmp_path / "dark.png").write_bytes(dark)
    (tmp_path / "bright.png").write_bytes(bright)

    with served(tmp_path) as remote:
        for _ in range(2):
            assert (await instance.pictrs.proxied(f"{remote}/dark.png")).content == dark
            assert_refused(await instance.pictrs.proxied(f"{remote}/bright.png"))

    assert (instance.asked(dark), instance.asked(bright)) == (1, 2)


async def test_upload_in_background_accepted_can_be_claimed(instance: Instance) -> None:
    """A dark picture handed over to be looked at later is kept, and claiming it names it."""
    content = picture(0, number=7)

    alias = alias_of(await instance.pictrs.claim(await instance.pictrs.upload_in_background(content)), 200)

    assert (await instance.pictrs.original(alias)).content == content
    assert instance.asked(content) == 1


async def test_upload_in_background_refused_is_told_when_claimed(instance: Instance) -> None:
    """A bright picture handed over to be looked at later is refused when it is claimed, and nothing of it is left."""
    content = picture(255, number=8)
    before = instance.pictrs.stored()

    assert_refused(await instance.pictrs.claim(await instance.pictrs.upload_in_background(content)), 422)

    await instance.pictrs.stores_only(before)
    assert instance.asked(content) == 1


def content_of(file: Path) -> bytes | None:
    """Return what a file holds, None if it is gone: pict-rs answers a refusal before it has removed what it refuses."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


async def test_uploads_at_once_are_each_answered(instance: Instance) -> None:
    """Of 20 uploads at once, the ten dark ones are kept and the ten bright ones refused, all before the deadline."""
    dark = [picture(0, number=20 + n) for n in range(10)]
    bright = [picture(255, number=20 + n) for n in range(10)]
    before = instance.pictrs.stored()
    began_s = time.monotonic()

    answers = await asyncio.gather(
        *(instance.pictrs.upload(content) for pair in zip(dark, bright, strict=True) for content in pair)
    )

    assert time.monotonic() - began_s < LONGEST_S
    for kept, refused in zip(answers[::2], answers[1::2], strict=True):
        alias_of(kept)
        assert_refused(refused)
    new = frozenset(file for file in instance.pictrs.stored() - before if content_of(file) in dark)
    assert len(new) == len(dark)
    await instance.pictrs.stores_only(before | new)


async def test_upload_without_scanner_is_kept_if_the_admin_accepts(tmp_path: Path) -> None:
    """With FEDIWARD_ON_NO_SCANNER=accept, pict-rs keeps what nobody could look at."""
    async with (
        Coordinator(tmp_path, on_no_scanner="accept") as coordinator,
        PictRs(tmp_path, validation=coordinator.hook_url()) as pictrs,
    ):
        alias = alias_of(await pictrs.upload(picture(255)))

        assert (await pictrs.original(alias)).content == picture(255)
        assert "outcome=no_scanner answer=accept" in coordinator.log


async def test_upload_without_scanner_is_refused_if_the_admin_rejects(tmp_path: Path) -> None:
    """With FEDIWARD_ON_NO_SCANNER=reject, pict-rs refuses what nobody could look at, and keeps nothing of it."""
    async with (
        Coordinator(tmp_path, on_no_scanner="reject") as coordinator,
        PictRs(tmp_path, validation=coordinator.hook_url()) as pictrs,
    ):
        assert_refused(await pictrs.upload(picture(0)))

        await pictrs.stores_only(frozenset())
        assert "outcome=no_scanner answer=reject" in coordinator.log


async def test_upload_from_unknown_caller_is_refused(instance: Instance, tmp_path: Path) -> None:
    """A pict-rs whose URL holds a wrong secret refuses every upload: the admin notices at once."""
    async with PictRs(tmp_path, validation=instance.coordinator.hook_url("of-nobody")) as pictrs:
        assert_refused(await pictrs.upload(picture(0)))
        await pictrs.stores_only(frozenset())


async def test_upload_while_the_coordinator_is_down_fails(tmp_path: Path) -> None:
    """Without a coordinator pict-rs fails uploads with 500 and keeps nothing; once it is there, uploads pass again."""
    coordinator = Coordinator(tmp_path, on_no_scanner="accept")
    async with PictRs(tmp_path, validation=coordinator.hook_url()) as pictrs:
        answer = await pictrs.upload(picture(0))
        assert (answer.status_code, answer.json()["code"]) == (500, "http-client-error")
        await pictrs.stores_only(frozenset())

        async with coordinator:
            alias_of(await pictrs.upload(picture(0)))


async def test_coordinator_by_name_needs_local_connections(instance: Instance, tmp_path: Path) -> None:
    """Named by its address a coordinator is found; named by a name for a local one, only with allow_local_connections.

    Since 0.5.21 pict-rs leaves local addresses out of what a name means, in the call for validation too.
    """
    by_address = instance.coordinator.hook_url()
    by_name = by_address.replace("127.0.0.1", "localhost")
    statuses = {}
    for label, url, local in (("address", by_address, False), ("name", by_name, False), ("allowed", by_name, True)):
        async with PictRs(tmp_path, validation=url, local_connections=local, name=label) as pictrs:
            statuses[label] = (await pictrs.upload(picture(0))).status_code

    assert statuses == {"address": 201, "name": 500, "allowed": 201}
