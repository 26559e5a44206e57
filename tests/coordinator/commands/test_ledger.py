"""`ledger …` and `backup`: settings from the environment, words on stderr, data on stdout."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from coordinator.ledger.debts import Debt
from coordinator.ledger.ledger import Ledger
from tests.coordinator.commands.running import Ended, run, run_process
from tests.coordinator.ledger.breaking import break_inside
from tests.coordinator.ledger.making import START, debt, sha, soon

ONE, TWO = (hashlib.sha256(word).hexdigest() for word in (b"one", b"two"))


def fails(result: Ended, code: int) -> str:
    """Check that a command failed with one sentence, and return it."""
    assert (result.returncode, result.stdout) == (code, ""), result.stderr
    sentence = result.stderr.strip()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def decisions(data_dir: Path) -> list[tuple[str, str, str]]:
    """Return hash, decision and source of all decisions."""
    result = run(data_dir, "ledger", "list", "--json")
    assert result.returncode == 0, result.stderr
    return [(row["sha256"], row["decision"], row["source"]) for row in json.loads(result.stdout)]


async def owe(data_dir: Path, owed: Debt) -> None:
    """Accept a picture unseen."""
    async with Ledger(data_dir / "ledger.sqlite") as ledger:
        await ledger.debts.owe(owed, deadline_s=soon())


def test_ledger_allow_show_forget(tmp_path: Path) -> None:
    """A picture is allowed by its hash, shown with who and why, listed and forgotten; the log keeps all of it."""
    data = tmp_path / "data"
    assert run_process(data, "ledger", "allow", ONE.upper(), "--note", "a tree", "--who", "ann").returncode == 0
    shown = run_process(data, "ledger", "show", ONE)
    assert shown.returncode == 0
    assert "decision: allow" in shown.stdout
    assert "note: a tree" in shown.stdout
    assert json.loads(run_process(data, "ledger", "show", ONE, "--json").stdout)["decision"]["who"] == "ann"
    assert decisions(data) == [(ONE, "allow", "")]
    assert run_process(data, "ledger", "forget", ONE).returncode == 0
    assert decisions(data) == []
    log = json.loads(run_process(data, "ledger", "log", "--since", "1h", "--json").stdout)
    assert [(entry["what"], entry["details"]["decision"]) for entry in log] == [
        ("decision", "allow"),
        ("decision", "forget"),
    ]


def test_ledger_empty(tmp_path: Path) -> None:
    """With nothing to show, stdout is empty and stderr says what to do; JSON is an empty list."""
    data = tmp_path / "data"
    for command in ("list", "log", "debts"):
        result = run(data, "ledger", command)
        assert (result.returncode, result.stdout) == (0, "")
        assert result.stderr
        assert json.loads(run(data, "ledger", command, "--json").stdout) == []


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["table", "json"])
def test_ledger_log_says_that_it_was_cut(tmp_path: Path, as_json: tuple[str, ...]) -> None:
    """When there are more entries than are shown, stderr says so, and how to have all; otherwise it says nothing."""
    data = tmp_path / "data"
    for _ in range(3):
        run(data, "ledger", "block", ONE)
    cut = run(data, "ledger", "log", "--limit", "2", *as_json)
    assert cut.stderr == "These are the newest 2 of 3 entries: `--limit 3` shows all.\n"
    assert cut.stdout.count(ONE) == 2
    for arguments in (("--limit", "3"), ("--limit", "2", "--since", "2999-01-01"), ()):
        shown = run(data, "ledger", "log", *arguments, "--json")
        assert (shown.returncode, shown.stderr) == (0, "")


def test_ledger_debts_says_that_they_were_cut(tmp_path: Path) -> None:
    """When there are more debts than are shown, stderr says so, and how to have all."""
    data = tmp_path / "data"
    for number in (1, 2):
        asyncio.run(owe(data, debt(number, at=START + timedelta(hours=number))))
    cut = run(data, "ledger", "debts", "--limit", "1", "--json")
    assert cut.stderr == "These are the oldest 1 of 2 debts: `--limit 2` shows all.\n"
    assert [row["sha256"] for row in json.loads(cut.stdout)] == [sha(1)]
    assert run(data, "ledger", "debts", "--limit", "2", "--json").stderr == ""


def test_ledger_unknown_picture(tmp_path: Path) -> None:
    """Showing or forgetting what is not known fails with one sentence."""
    for command in ("show", "forget"):
        sentence = fails(run(tmp_path / "data", "ledger", command, ONE), 1)
        assert sentence == f"The ledger knows nothing of {ONE}."


def test_ledger_forgets_all_pictures_or_none(tmp_path: Path) -> None:
    """When there is nothing to forget of one picture the others stay; the same twice is once."""
    data = tmp_path / "data"
    run(data, "ledger", "allow", ONE)
    assert fails(run(data, "ledger", "forget", ONE, TWO), 1) == f"The ledger knows nothing of {TWO}."
    assert decisions(data) == [(ONE, "allow", "")]
    assert run(data, "ledger", "forget", ONE, ONE).returncode == 0
    assert decisions(data) == []
    log = json.loads(run(data, "ledger", "log", "--json").stdout)
    assert [entry["details"]["decision"] for entry in log] == ["allow", "forget"]


def test_ledger_forget_what_is_only_owed_or_logged(tmp_path: Path) -> None:
    """A picture that has a debt or stands in the log, and no more, is known; there is nothing to forget of it."""
    data = tmp_path / "data"
    asyncio.run(owe(data, debt(1)))
    run(data, "ledger", "allow", ONE)
    run(data, "ledger", "forget", ONE)
    for sha256 in (sha(1), ONE):
        assert fails(run(data, "ledger", "forget", sha256), 1) == (
            f"There is nothing to forget of {sha256}: no decision and no verdict; debts and the log stay."
        )
        assert run(data, "ledger", "show", sha256).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("allow", "abc"), "'abc' is no SHA-256 in hex: 64 digits."),
        (("forget",), "Say what to forget: hashes, --scanner NAME --since TIME, --source NAME or --pdq PDQ."),
        (("forget", "--scanner", "den"), "--scanner and --since belong together."),
        (("log", "--since", "long ago"), "--since: 'long ago' is neither a time nor a span such as 7d."),
        (("log", "--since", "999999d"), "--since: '999999d' is neither a time nor a span such as 7d."),
    ],
)
def test_ledger_wrong_arguments(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    """Wrong arguments are one sentence and exit code 2."""
    assert fails(run(tmp_path / "data", "ledger", *arguments), 2) == sentence


def test_ledger_pdqs_are_imported_and_exported(tmp_path: Path) -> None:
    """A list of PDQs is imported as a whole or not at all, exported with its name, and forgotten."""
    data, other, file = tmp_path / "data", tmp_path / "other", tmp_path / "list.txt"
    file.write_text(f"{ONE}\nno hash\n{TWO}\n")
    assert fails(run(data, "ledger", "import", str(file), "--pdq"), 2) == (
        f"{file}: Line 2 has no PDQ in hex, 64 digits. Nothing was imported; --skip-bad leaves such lines out."
    )
    assert fails(run(data, "ledger", "forget", "--pdq", ONE), 1) == f"The ledger knows nothing of {ONE}."
    result = run(data, "ledger", "import", str(file), "--pdq", "--skip-bad", "--source", "friends")
    assert result.stderr.splitlines()[-1] == "Imported 2; 0 were decided before; 1 left out."
    exported = run(data, "ledger", "export").stdout
    assert [line.split(",")[:5] for line in exported.splitlines()[1:]] == [
        ["", ONE, "100", "block", "friends"],
        ["", TWO, "100", "block", "friends"],
    ]
    file.write_text(exported)
    assert run(other, "ledger", "import", str(file)).stderr == "Imported 2; 0 were decided before; 0 left out.\n"
    assert run(other, "ledger", "forget", "--pdq", ONE).returncode == 0
    assert run(other, "ledger", "forget", "--source", "friends").stderr == "Forgot 1 decisions.\n"


def test_ledger_pdqs_without_the_extra(tmp_path: Path) -> None:
    """Where nobody could compare PDQs, importing them is refused in one sentence; a file is blocked by its bytes."""
    file, picture = tmp_path / "list.txt", tmp_path / "picture.png"
    file.write_text(f"{ONE}\n")
    picture.write_bytes(b"one")
    without = "import sys; sys.modules['numpy'] = None; from coordinator.__main__ import main; main()"

    def run_without(*arguments: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-c", without, "ledger", *arguments],
            env={**os.environ, "FEDIWARD_DATA_DIR": str(tmp_path / "data")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    assert fails(run_without("import", str(file), "--pdq"), 2) == (
        f"{file} has PDQs, and nothing was imported: comparing them needs the extra `pdq`: pip install 'fediward[pdq]'."
    )
    blocked = run_without("block", "--file", str(picture))
    assert blocked.returncode == 0
    assert blocked.stderr.startswith("Only these very bytes are blocked: recognising copies needs the extra `pdq`")
    assert decisions(tmp_path / "data") == [(ONE, "block", "")]


def test_ledger_block_files(tmp_path: Path) -> None:
    """A file that is no picture is blocked by its bytes, which is said; one that is not there is one sentence."""
    data, file = tmp_path / "data", tmp_path / "words.txt"
    file.write_bytes(b"one")
    result = run(data, "ledger", "block", "--file", str(file))
    assert (result.returncode, decisions(data)) == (0, [(ONE, "block", "")])
    assert result.stderr.startswith(f"{file}: only these very bytes are blocked, not copies: ")
    assert fails(run(data, "ledger", "block"), 2) == "Say what to block: hashes, or --file FILE."
    missing = fails(run(data, "ledger", "block", "--file", str(tmp_path / "nowhere")), 2)
    assert missing.endswith("nowhere cannot be read: No such file or directory.")


def test_ledger_export_is_imported_elsewhere(tmp_path: Path) -> None:
    """What one coordinator exports another imports, under the name of a list if one is given."""
    data, other = tmp_path / "data", tmp_path / "other"
    run(data, "ledger", "block", ONE, "--note", "bad, very bad")
    run(data, "ledger", "allow", TWO)
    file = tmp_path / "list.csv"
    file.write_text(run(data, "ledger", "export").stdout)
    result = run(other, "ledger", "import", str(file), "--source", "friends")
    assert (result.returncode, result.stderr) == (0, "Imported 2; 0 were decided before; 0 left out.\n")
    assert sorted(decisions(other)) == sorted([(ONE, "block", "friends"), (TWO, "allow", "friends")])
    assert run(other, "ledger", "forget", "--source", "friends").returncode == 0
    assert decisions(other) == []


def test_ledger_lists_that_share_a_picture(tmp_path: Path) -> None:
    """Forgetting a list says how many stay, by another list, and these do."""
    data, file = tmp_path / "data", tmp_path / "list.txt"
    for source, hashes in (("friends", [ONE, TWO]), ("others", [TWO])):
        file.write_text("\n".join(hashes))
        assert run(data, "ledger", "import", str(file), "--source", source).returncode == 0
    forgotten = run(data, "ledger", "forget", "--source", "friends")
    assert forgotten.stderr == "Forgot 1 decisions. 1 stay, by another list or an admin.\n"
    assert decisions(data) == [(TWO, "block", "others")]


def test_ledger_import_is_named_after_its_file(tmp_path: Path) -> None:
    """Without --source a list has the name of its file, a hit says so, and it is forgotten by that name."""
    data, file = tmp_path / "data", tmp_path / "friends.of.ours.txt"
    file.write_text(ONE)
    result = run(data, "ledger", "import", str(file))
    assert result.stderr == ("The list is named friends.of.ours.\nImported 1; 0 were decided before; 0 left out.\n")
    assert decisions(data) == [(ONE, "block", "friends.of.ours")]
    (entry,) = json.loads(run(data, "ledger", "log", "--json").stdout)
    assert entry["details"] == {"decision": "import", "source": "friends.of.ours", "count": 1}
    assert run(data, "ledger", "forget", "--source", "friends.of.ours").stderr == "Forgot 1 decisions.\n"


def test_ledger_export_keeps_its_sources(tmp_path: Path) -> None:
    """An export that comes back without a name has the sources that it had: an admin's own is an admin's own."""
    data, other, file = tmp_path / "data", tmp_path / "other", tmp_path / "export.csv"
    file.write_text(ONE)
    run(data, "ledger", "import", str(file), "--source", "friends")
    run(data, "ledger", "block", TWO)
    file.write_text(run(data, "ledger", "export").stdout)
    result = run(other, "ledger", "import", str(file))
    assert result.stderr == "Imported 2; 0 were decided before; 0 left out.\n"
    assert sorted(decisions(other)) == sorted([(ONE, "block", "friends"), (TWO, "block", "")])
    assert decisions(other) == decisions(data)


def test_ledger_import_of_what_has_no_name(tmp_path: Path) -> None:
    """Standard input, and a file whose name is none for a list, need --source; a name that is none is refused."""
    data, file = tmp_path / "data", tmp_path / "a\tlist.txt"
    file.write_text(ONE)
    command = [sys.executable, "-m", "coordinator", "ledger", "import", "/dev/stdin"]
    environment = {**os.environ, "FEDIWARD_DATA_DIR": str(data)}
    for source, code in ("", 2), ("friends", 0):
        arguments = ["--source", source]
        done = subprocess.run(
            [*command, *arguments], env=environment, input=ONE, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
    assert decisions(data) == [(ONE, "block", "friends")]
    for source in ("", "x" * 101, "a\x1b[31mlist"):
        sentence = fails(run(data, "ledger", "import", str(file), "--source", source), 2)
        assert sentence == "--source NAME must name the list: at most 100 printable characters."


def test_ledger_import_with_a_wrong_line(tmp_path: Path) -> None:
    """A wrong line is named by its number and nothing is imported, unless such lines are left out on purpose."""
    data, file = tmp_path / "data", tmp_path / "list.txt"
    file.write_text(f"{ONE},block,one\u2028two\nnonsense\n{TWO}\n")
    sentences = run(data, "ledger", "import", str(file))
    assert sentences.returncode == 2
    assert "Line 2 has no SHA-256 in hex, 64 digits. Nothing was imported" in sentences.stderr
    assert decisions(data) == []
    skipped = run(data, "ledger", "import", str(file), "--skip-bad")
    assert skipped.returncode == 0
    assert skipped.stderr.endswith("Imported 2; 0 were decided before; 1 left out.\n")
    assert len(decisions(data)) == 2


@pytest.mark.parametrize(
    "line",
    [f"{TWO},,,{'x' * 200_000}", f",{TWO},{'1' * 4301}", f"{TWO},,,,0001-01-01T00:00+14:00"],
    ids=["long cell", "long number", "year 0"],
)
def test_ledger_import_of_what_no_ledger_can_keep(tmp_path: Path, line: str) -> None:
    """A cell or number that is too long, and a time that nobody could read again, are wrong lines like any other."""
    data, file = tmp_path / "data", tmp_path / "list.csv"
    file.write_text(f"sha256,pdq,quality,note,at\n{ONE}\n{line}\n")
    sentence = fails(run(data, "ledger", "import", str(file)), 2)
    assert sentence.startswith(f"{file}: Line 3 ")
    assert decisions(data) == []
    skipped = run(data, "ledger", "import", str(file), "--skip-bad")
    assert skipped.stderr.endswith("Imported 1; 0 were decided before; 1 left out.\n")
    assert [sha256 for sha256, *_ in decisions(data)] == [ONE]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["missing", "no text"])
def test_ledger_import_of_what_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing or no text is one sentence."""
    file = tmp_path / "list.txt"
    if content is not None:
        file.write_bytes(content)
    assert "list.txt" in fails(run(tmp_path / "data", "ledger", "import", str(file)), 2)


@pytest.mark.parametrize("command", [("ledger", "list"), ("ledger", "allow", ONE), ("serve",)], ids=" ".join)
def test_ledger_damaged(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A damaged ledger is one sentence and exit code 2 for every command that needs it; it is left as it was."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "ledger.sqlite").write_bytes(b"\xa5" * 9000)
    # On any free ports: others may have the usual ones.
    (tmp_path / ".env").write_text("FEDIWARD_HOOK_BIND=127.0.0.1:0\nFEDIWARD_PUBLIC_BIND=127.0.0.1:0\n")
    result = run_process(data, *command)
    assert result.returncode == 2
    last = result.stderr.strip().splitlines()[-1]
    assert last.endswith("is not a database; restore a backup, or move it away to begin a new one.")
    assert "Traceback" not in result.stderr
    assert (data / "ledger.sqlite").read_bytes() == b"\xa5" * 9000


def test_ledger_backup_is_restored(tmp_path: Path) -> None:
    """A backup that is put in the place of the ledger brings back what was decided."""
    data, backup = tmp_path / "data", tmp_path / "backup.sqlite"
    run(data, "ledger", "allow", ONE)
    assert run(data, "backup", str(backup)).returncode == 0
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    run(data, "ledger", "forget", ONE)
    for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (data / name).unlink(missing_ok=True)
    backup.rename(data / "ledger.sqlite")
    assert decisions(data) == [(ONE, "allow", "")]
    with closing(sqlite3.connect(data / "ledger.sqlite")) as restored:
        assert restored.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_ledger_backup_of_a_damaged_ledger(tmp_path: Path) -> None:
    """A backup of a damaged ledger is refused in one sentence, and leaves no file."""
    data, backup = tmp_path / "data", tmp_path / "backup.sqlite"
    run(data, "ledger", "allow", ONE)
    break_inside(data / "ledger.sqlite", "verdicts")
    assert "ledger.sqlite is damaged; restore a backup" in fails(run(data, "backup", str(backup)), 2)
    assert not backup.exists()


def test_ledger_backup_without_a_ledger(tmp_path: Path) -> None:
    """Without a ledger there is nothing to back up."""
    assert "does not exist" in fails(run(tmp_path / "data", "backup", str(tmp_path / "backup.sqlite")), 2)


def test_ledger_credentials_are_logged(tmp_path: Path) -> None:
    """Who added and revoked which caller or scanner is in the log, without its secret."""
    data = tmp_path / "data"
    secret = run(data, "caller", "new", "lemmy").stdout.strip().rpartition("/")[2]
    token = run(data, "scanner", "new", "den").stdout.strip()
    run(data, "scanner", "revoke", "den")
    log = run(data, "ledger", "log", "--json").stdout
    assert [entry["details"] for entry in json.loads(log)] == [
        {"change": "added", "caller": "lemmy"},
        {"change": "added", "scanner": "den"},
        {"change": "revoked", "scanner": "den"},
    ]
    assert secret
    assert token
    assert secret not in log
    assert token not in log


def test_ledger_credentials_change_without_a_ledger(tmp_path: Path) -> None:
    """A ledger that cannot be used keeps nobody from revoking a token; it is said."""
    data = tmp_path / "data"
    run(data, "scanner", "new", "den")
    for file in data.glob("ledger.sqlite*"):
        file.unlink()
    (data / "ledger.sqlite").write_bytes(b"\xa5" * 9000)
    result = run(data, "scanner", "revoke", "den")
    assert result.returncode == 0
    assert "This is not in the log: " in result.stderr
    assert json.loads(run(data, "scanner", "list", "--json").stdout) == []


def test_ledger_locked(tmp_path: Path) -> None:
    """While another process keeps the ledger locked, a decision fails with one sentence and changes nothing."""
    data = tmp_path / "data"
    assert decisions(data) == []
    with closing(sqlite3.connect(data / "ledger.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        sentence = fails(run(data, "ledger", "allow", ONE), 1)
    assert sentence == "The ledger cannot be used now: another process has locked it."
    assert decisions(data) == []
