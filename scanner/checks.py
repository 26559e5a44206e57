"""Commands that look at a model without a coordinator: `selftest` and `pull`. Data goes to stdout, words to stderr."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from scanner.appraisal import Appraisal, appraise
from scanner.models.errors import DeviceLostError
from scanner.models.registry import fetch_weights, open_model
from scanner.settings import Settings, read_settings
from shared.errors import ConfigurationError
from shared.exit_codes import ExitCode


def selftest(options: Mapping[str, Any], *, as_json: bool) -> ExitCode:
    """Appraise the model on this machine, and say what came out."""

    def work(settings: Settings) -> ExitCode:
        _say(f"testing {settings.model}: seconds on a GPU, up to a minute on a processor")
        appraisal = appraise(open_model(settings))
        if as_json:
            print(json.dumps(appraisal.record()))  # noqa: T201 - it is the command's data
        else:
            _say(describe(appraisal))
        return ExitCode.DONE if appraisal.passed else ExitCode.FAILED

    return _run(work, options)


def pull(options: Mapping[str, Any], *, as_json: bool) -> ExitCode:
    """Make sure that the weights are on this machine."""

    def work(settings: Settings) -> ExitCode:
        path = fetch_weights(settings)
        if as_json:
            print(json.dumps({"model": settings.model, "path": str(path), "bytes": path.stat().st_size}))  # noqa: T201
        else:
            _say(f"weights of {settings.model}: {path}, {path.stat().st_size} bytes")
        return ExitCode.DONE

    return _run(work, options)


def describe(appraisal: Appraisal) -> str:
    """Put an appraisal into a few lines, the sentence last."""
    lines = [f"{appraisal.model} on {appraisal.device}"]
    lines.append(str(appraisal.fidelity) if appraisal.fidelity else "nothing to compare this model with")
    lines += [f"batch of {point.frames}: {point.frames_per_s:.1f} frames a second" for point in appraisal.curve]
    lines.append(f"one scan of one frame: {appraisal.scan_s * 1000:.0f} ms")
    return "\n".join([*lines, appraisal.sentence()])


def _run(work: Callable[[Settings], ExitCode], options: Mapping[str, Any]) -> ExitCode:
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    try:
        return work(read_settings(options, connects=False))
    except ConfigurationError as error:
        _say(f"error: {error}")
        return ExitCode.BAD_CONFIGURATION
    except MemoryError as error:
        _say(f"error: too little memory for one frame: {error}")
        return ExitCode.FAILED
    except DeviceLostError as error:
        _say(f"error: {error}")
        return ExitCode.DEVICE_LOST


def _say(words: str) -> None:
    print(words, file=sys.stderr)  # noqa: T201 - words of the command
