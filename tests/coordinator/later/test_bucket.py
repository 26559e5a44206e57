"""The later look where pict-rs keeps its files in an object store and redirects to its public bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from coordinator.later.plan import How, Settle
from coordinator.ledger.audit import What
from tests.coordinator.later.scene import picture, scene
from tests.end_to_end import pictrs as real
from tests.end_to_end.bucket import PUBLIC, Bucket, serving

pytestmark = [pytest.mark.pictrs]


def key_seen(bucket: Bucket) -> bool:
    """Say whether anybody showed the bucket the key of pict-rs."""
    return any(real.API_KEY in f"{headers}" or "x-api-token" in headers for headers in bucket.readers)


async def test_look_follows_to_the_bucket(tmp_path: Path) -> None:
    """The file comes from the bucket, which sees no key; purged, it is gone there too, and its address is listed."""
    real.require()
    with serving() as bucket:
        async with (
            real.PictRs(tmp_path, validation=None, others=bucket.settings) as server,
            scene(tmp_path, server.url) as here,
        ):
            here.add_scanner()
            await server.upload(data := picture(255))
            (name,) = bucket.pictures
            assert await here.look.settle(await here.owe(data)) == Settle(How.PURGED)
            (told,) = await here.ledger.audit.entries(what=What.LATER_LOOK)
            (purged,) = await here.ledger.audit.entries(what=What.PURGE)
        assert bucket.pictures == set()
        assert bucket.readers
        assert not key_seen(bucket)
        assert told.details["places"][-1] == f"{bucket.url}{PUBLIC}/{name}"
        assert purged.details["state"] == "gone"


async def test_look_finds_that_the_bucket_keeps_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """pict-rs forgets a file that its store refuses to delete: that it is still served is found and said."""
    real.require()
    with serving() as bucket:
        async with (
            real.PictRs(tmp_path, validation=None, others=bucket.settings) as server,
            scene(tmp_path, server.url, gone_s=1.0) as here,
        ):
            here.add_scanner()
            await server.upload(data := picture(255))
            bucket.keeps = True
            assert await here.look.settle(await here.owe(data)) == Settle(How.PURGED)
            gone, served = await here.ledger.audit.entries(what=What.PURGE)
            await server.stop()
        (name,) = bucket.pictures
        assert (gone.details["state"], served.details["state"]) == ("gone", "still served")
        assert served.details["places"] == [f"{bucket.url}{PUBLIC}/{name}"]
        assert f"its bucket still serves it: {bucket.url}{PUBLIC}/{name}" in caplog.text


async def test_look_looks_into_the_bucket_for_what_it_remembers(tmp_path: Path) -> None:
    """A picture that is known to be flagged is not fetched again, and still its address in the bucket is listed."""
    real.require()
    with serving() as bucket:
        async with (
            real.PictRs(tmp_path, validation=None, others=bucket.settings) as server,
            scene(tmp_path, server.url) as here,
        ):
            scanner = here.add_scanner()
            for _ in range(2):
                await server.upload(data := picture(255))
                (name,) = bucket.pictures
                assert await here.look.settle(await here.owe(data)) == Settle(How.PURGED)
                assert bucket.pictures == set()
            *_, told = await here.ledger.audit.entries(what=What.LATER_LOOK)
        assert told.details["places"][-1] == f"{bucket.url}{PUBLIC}/{name}"
        assert len(scanner.lanes) == 1


async def test_look_purges_what_it_remembers_while_the_bucket_is_throttled(tmp_path: Path) -> None:
    """A bucket that hands nothing out now does not hold up the removal of what is known to be flagged."""
    real.require()
    with serving() as bucket:
        async with (
            real.PictRs(tmp_path, validation=None, others=bucket.settings) as server,
            scene(tmp_path, server.url) as here,
        ):
            here.add_scanner()
            for is_throttled in (False, True):
                bucket.is_throttled = is_throttled
                await server.upload(data := picture(255))
                assert await here.look.settle(await here.owe(data)) == Settle(How.PURGED)
                assert bucket.pictures == set()
