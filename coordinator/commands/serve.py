"""`fediward-coordinator serve`."""

from __future__ import annotations


def serve() -> None:
    """Serve uploads and scanners until SIGTERM or Ctrl-C."""
    import asyncio
    import logging
    import os
    from pathlib import Path

    from coordinator.settings import load_settings

    # Before the rest is imported: a wrong setting is told in half the time.
    settings = load_settings()

    from coordinator import app
    from coordinator.credentials import LOCAL_CALLER, Credentials
    from coordinator.judge.selection import policy_in_force
    from coordinator.notices.opening import open_targets
    from coordinator.predecessor import inherit, read_old, with_answers
    from coordinator.settings import ENV_FILE

    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    policy = policy_in_force(settings.model, settings.policy, settings.strictness)
    targets = open_targets(settings.notify_addresses)
    inherited = inherit(read_old(os.environ, Path(ENV_FILE)))
    for notice in inherited.notices:
        logging.getLogger(__name__).warning("from pictrs-safety: %s", notice)
    settings = with_answers(settings, inherited)
    credentials = Credentials(settings.credentials_file, inherited.callers)
    if credentials.create():
        logging.getLogger(__name__).info(
            "made %s with the caller %s: loopback and private addresses", settings.credentials_file, LOCAL_CALLER
        )
    if not credentials.book.scanners:
        logging.getLogger(__name__).warning("no scanner can connect yet: run `fediward-coordinator scanner new NAME`")
    asyncio.run(app.serve(settings, policy, credentials, targets))
