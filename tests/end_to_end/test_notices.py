"""Notices of a real coordinator, to a real HTTP server and a real mail server."""

from __future__ import annotations

from pathlib import Path

from coordinator.ledger.audit import Entry, What
from coordinator.ledger.ledger import Ledger
from coordinator.ledger.times import now
from shared.exit_codes import ExitCode
from tests.end_to_end.caller import upload
from tests.end_to_end.pictures import dark
from tests.end_to_end.ports import free_port
from tests.end_to_end.processes import Coordinator, Scanner
from tests.end_to_end.receivers import HttpReceiver, MailReceiver
from tests.end_to_end.test_status import command
from tests.end_to_end.waiting import until

WITHIN_S = 60.0


async def test_notices_of_uploads_not_checked_and_checked_again(tmp_path: Path) -> None:
    """One message when nobody looks, though a service fails at first, one when somebody does, one about purges."""
    with HttpReceiver(refuses=1) as http, MailReceiver() as mail:
        settings = {"notify_urls": f"{http.url} {mail.url}", "notify_grace_s": 1, "notify_recovery_s": 1}
        async with Coordinator(tmp_path, **settings) as coordinator:
            await upload(coordinator, dark())
            await until(
                lambda: len(http.posted) == 1, within_s=WITHIN_S, what="the problem is posted at the second try"
            )
            await until(lambda: len(mail.mails) == 1, within_s=WITHIN_S, what="the problem is mailed")
            (posted,) = http.posted
            assert posted["type"] == "failure"
            assert posted["title"] == mail.mails[0][0] == "Fediward: uploads are NOT being checked"
            assert "accepted unseen since" in posted["message"]
            assert "scanner new" in mail.mails[0][1]
            async with Scanner(coordinator, "one"):
                await until(lambda: len(http.posted) == 2, within_s=WITHIN_S, what="the recovery is posted")
                await until(lambda: len(mail.mails) == 2, within_s=WITHIN_S, what="the recovery is mailed")
                assert http.posted[1]["title"] == mail.mails[1][0] == "Fediward: uploads are being checked again"
                async with Ledger(coordinator.data_dir / "ledger.sqlite") as ledger:
                    await ledger.audit.add(Entry(What.PURGE, now(), "a test", "0badcafe" * 8, {"state": "gone"}))
                await until(lambda: len(http.posted) == 3, within_s=WITHIN_S, what="the purge is posted")
            assert "1 picture (0badcafe)" in http.posted[2]["message"]
            assert "0badcafe0" not in http.posted[2]["message"]
            assert not http.posted[0]["attachments"]
            assert "example.org" not in coordinator.log, "an address, which may hold a password, is in the log"


async def test_notify_test_tries_every_service(tmp_path: Path) -> None:
    """Each service gets the test; one that is not there makes the command fail, and is named without its address."""
    with HttpReceiver() as http, MailReceiver() as mail:
        code, out, err = await command(tmp_path, "notify", "test", notify_urls=f"{http.url} {mail.url}")
        assert (code, out) == (ExitCode.DONE, "")
        assert [posted["title"] for posted in http.posted] == ["Fediward: a test"]
        assert [subject for subject, _ in mail.mails] == ["Fediward: a test"]
        gone = "json://user:secret@127.0.0.1:9/"
        code, _, err = await command(tmp_path, "notify", "test", notify_urls=f"{http.url} {gone}")
        assert code == ExitCode.FAILED
        assert "1 (json): sent" in err
        assert "2 (json): NOT sent" in err
        assert "secret" not in err


async def test_notify_wrong_addresses_are_told_before_anything_is_served(tmp_path: Path) -> None:
    """An address that apprise does not know is one sentence, naming its place and not what it holds."""
    for arguments in (("notify", "test"), ("serve",)):
        code, out, err = await command(tmp_path, *arguments, notify_urls="json://127.0.0.1/ carrier-pigeon://secret")
        assert (code, out) == (ExitCode.BAD_CONFIGURATION, "")
        assert "FEDIWARD_NOTIFY_URLS: address 2 (carrier-pigeon)" in err
        assert "secret" not in err
    code, _, err = await command(tmp_path, "notify", "test")
    assert code == ExitCode.BAD_CONFIGURATION
    assert "FEDIWARD_NOTIFY_URLS" in err


async def test_notice_of_debts_that_cannot_be_paid(tmp_path: Path) -> None:
    """A picture was accepted unseen, a scanner is there, and pict-rs is not: that is told."""
    with HttpReceiver() as http:
        settings = {"notify_urls": http.url, "notify_grace_s": 1, "notify_recovery_s": 1}
        settings |= {"pictrs_url": f"http://127.0.0.1:{free_port()}", "pictrs_api_key": "a-key"}
        async with Coordinator(tmp_path, **settings) as coordinator:
            await upload(coordinator, dark())
            async with Scanner(coordinator, "one"):
                title = "Fediward: debts cannot be paid"
                await until(lambda: title in [p["title"] for p in http.posted], within_s=WITHIN_S, what="it is posted")
        told = next(posted for posted in http.posted if posted["title"] == title)
        assert told["message"].startswith("1 accepted unseen cannot be looked at: ")
        assert "a-key" not in told["message"]
