"""Choose where and how precisely a model computes, and say so in words. Knows no torch: what is there is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

DeviceKind = Literal["cpu", "cuda", "mps"]
Precision = Literal["fp32", "fp16", "bf16", "int8"]


@dataclass(frozen=True)
class Machine:
    """What a machine offers: the name of the first CUDA device, and what computes well in half precision."""

    cuda: str | None = None
    cuda_half: bool = True
    mps: bool = False
    bf16: bool = False
    """The processor itself computes in bfloat16."""
    built_for: Literal["cuda", "rocm", "cpu"] = "cpu"
    """What this torch can use beside a processor or an Apple GPU."""


@dataclass(frozen=True)
class Choice:
    """A device and a precision, what was asked for, and why that is something else (empty when it is not)."""

    asked: str
    kind: DeviceKind
    precision: Precision
    why: str = ""

    def words(self, detail: str) -> str:
        """Say the choice for the log and the admin page, for example `cpu (bf16, 2 threads)`."""
        return f"{self.kind} ({self.precision}, {detail})" + (f": {self.why}" if self.why else "")

    def more_precise(self) -> Choice:
        """Choose fp32 instead, and say why."""
        reason = f"{self.precision} was not precise enough"
        return replace(self, precision="fp32", why=f"{self.why}; {reason}" if self.why else reason)


def choose(asked: str, precision: str, machine: Machine) -> Choice:
    """Choose for `asked` auto, cpu, cuda or mps, and `precision` auto, fp32, fp16, bf16 or int8.

    A device that is not there, or does not compute in int8, gives the processor, with the reason. Raises ValueError for
    other words.
    """
    if precision not in ("auto", "fp32", "fp16", "bf16", "int8"):
        raise ValueError(f"precision {precision!r} is none of auto, fp32, fp16, bf16, int8")
    why = ""
    kind: DeviceKind = "cpu"
    match asked:
        case "auto":
            kind = "cuda" if machine.cuda else "mps" if machine.mps else "cpu"
        case "cuda" if machine.cuda:
            kind = "cuda"
        case "mps" if machine.mps:
            kind = "mps"
        case "cuda":
            why = "asked for cuda, but torch finds no CUDA device"
        case "mps":
            why = "asked for mps, but torch finds no Apple GPU"
        case "cpu":
            pass
        case _:
            raise ValueError(f"device {asked!r} is none of auto, cpu, cuda, mps")
    if precision == "int8" and kind != "cpu":
        return Choice(asked, "cpu", "int8", "int8 is for processors")
    if precision != "auto":
        return Choice(asked, kind, precision, why)  # type: ignore[arg-type]
    return Choice(asked, kind, _usual_precision(kind, machine), why)


def _usual_precision(kind: DeviceKind, machine: Machine) -> Precision:
    if kind == "cuda":
        return "fp16" if machine.cuda_half else "fp32"
    if kind == "cpu" and machine.bf16:
        return "bf16"
    return "fp32"
