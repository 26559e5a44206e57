"""Start a coordinator and two scanners on the demo model, send pictures as pict-rs does, and show what comes back."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2
from rich.console import Console
from rich.table import Table

from tests.demo.pictures import Picture, demo_pictures
from tests.end_to_end.caller import Answer
from tests.end_to_end.processes import Coordinator, Scanner

SCANNERS = ("living-room", "attic")
STEPS = ("body", "frames", "queue", "push", "infer", "judge", "total")
TABLE_WIDTH = 120
CHUNK_BYTES = 16 * 1024


async def run(*, once: bool) -> int:
    """Run the demo; return 0 when every answer is as expected."""
    console = Console()
    console.width = max(console.width, TABLE_WIDTH)
    with tempfile.TemporaryDirectory(prefix="fediward-demo-") as folder:
        async with AsyncExitStack() as stack:
            console.print("Starting a coordinator and two scanners on the demo model, which knows coloured shapes …")
            settings = {"model": "demo", "policy": "demo"}
            coordinator = await stack.enter_async_context(Coordinator(Path(folder), **settings))
            await asyncio.gather(
                *(stack.enter_async_context(Scanner(coordinator, name, model="demo", threads=1)) for name in SCANNERS)
            )
            async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
                answers = [
                    (picture, await send(client, coordinator.hook_url(), picture)) for picture in demo_pictures()
                ]
            console.print(table_of(answers))
            wrong = [picture.name for picture, answer in answers if not is_as_expected(picture, answer)]
            console.print(
                f"{len(wrong)} answers are not as expected: {', '.join(wrong)}"
                if wrong
                else "Every answer is as expected."
            )
            if not once:
                await stay(console, coordinator)
            return 1 if wrong else 0


async def send(client: httpx2.AsyncClient, url: str, picture: Picture) -> Answer:
    """Post a picture in chunks, without a length, as pict-rs does."""

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(picture.data), CHUNK_BYTES):
            yield picture.data[start : start + CHUNK_BYTES]

    response = await client.post(url, content=chunks(), headers={"Content-Type": "image/png"})
    return Answer(response.status_code, response.json())


def is_as_expected(picture: Picture, answer: Answer) -> bool:
    """Say whether a picture was looked at, judged and answered as it must be."""
    told = (answer.outcome, answer.report.get("answer"), answer.status)
    return told == (("flagged", "reject", 406) if picture.is_flagged else ("clean", "accept", 200))


def table_of(answers: Sequence[tuple[Picture, Answer]]) -> Table:
    """Make the table: a row a picture, with the milliseconds of every step."""
    table = Table("picture", "bytes", "outcome", "answer", "parts", *STEPS, caption="milliseconds by step")
    for picture, answer in answers:
        report, milliseconds = answer.report, answer.ms
        table.add_row(
            picture.name,
            f"{len(picture.data):,}",
            report["outcome"],
            report["answer"],
            ", ".join(report["parts"]),
            *(f"{milliseconds.get(step, 0.0):.1f}" for step in STEPS),
        )
    return table


async def stay(console: Console, coordinator: Coordinator) -> None:
    """Keep everything running until Ctrl-C."""
    console.print("\nStill running; stop with Ctrl-C. Try a picture of your own:")
    console.print(f"  curl --data-binary @PICTURE {coordinator.hook_url()}", soft_wrap=True, highlight=False)
    console.print(
        f"  scanners connect to {coordinator.ws_url}; readiness: {coordinator.public_url}/readyz", soft_wrap=True
    )
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the pictures: 0 if every answer is as expected")
    arguments = parser.parse_args()
    try:
        sys.exit(asyncio.run(run(once=arguments.once)))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
