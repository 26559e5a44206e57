"""Devices are chosen by what there is, and the words say why another one was taken."""

from __future__ import annotations

import pytest

from scanner.models.device import Choice, Machine, choose

BARE = Machine()
EVERYTHING = Machine(cuda="a card", mps=True, bf16=True)


@pytest.mark.parametrize(
    ("asked", "machine", "kind", "precision"),
    [
        ("auto", EVERYTHING, "cuda", "fp16"),
        ("auto", Machine(mps=True, bf16=True), "mps", "fp32"),
        ("auto", Machine(bf16=True), "cpu", "bf16"),
        ("auto", BARE, "cpu", "fp32"),
        ("cpu", EVERYTHING, "cpu", "bf16"),
        ("mps", EVERYTHING, "mps", "fp32"),
        ("cuda", EVERYTHING, "cuda", "fp16"),
    ],
)
def test_choose_takes_what_is_there(asked: str, machine: Machine, kind: str, precision: str) -> None:
    """Auto prefers cuda, then mps, then the processor; each has its usual precision and needs no explanation."""
    assert choose(asked, "auto", machine) == Choice(asked, kind, precision)  # type: ignore[arg-type]


@pytest.mark.parametrize(("asked", "lack"), [("cuda", "no CUDA device"), ("mps", "no Apple GPU")])
def test_choose_explains_another_device(asked: str, lack: str) -> None:
    """A device that is not there gives the processor, and the words say what was asked for and what is lacking."""
    words = choose(asked, "auto", BARE).words("2 threads")
    assert words.startswith(f"cpu (fp32, 2 threads): asked for {asked}, but torch finds")
    assert words.endswith(lack)


def test_choose_obeys_an_explicit_precision() -> None:
    """A precision that was asked for is taken on every device."""
    assert choose("cuda", "fp32", EVERYTHING).precision == "fp32"
    assert choose("cpu", "bf16", BARE).precision == "bf16"


def test_choose_computes_int8_on_the_processor_only() -> None:
    """Whatever was asked for; the words say why."""
    assert choose("cpu", "int8", EVERYTHING) == Choice("cpu", "cpu", "int8")
    assert choose("auto", "int8", EVERYTHING) == Choice("auto", "cpu", "int8", "int8 is for processors")
    assert choose("cuda", "int8", BARE).why == "asked for cuda, but torch finds no CUDA device"
    assert all(choose("cpu", "auto", machine).precision != "int8" for machine in (BARE, EVERYTHING))


def test_choose_spares_an_old_cuda_device_half_precision() -> None:
    """A card from before there was hardware for it is faster in fp32."""
    assert choose("auto", "auto", Machine(cuda="an old card", cuda_half=False)).precision == "fp32"


def test_more_precise_keeps_the_other_reason() -> None:
    """The words say both why it is another device and why it is another precision."""
    choice = choose("cuda", "auto", Machine(bf16=True)).more_precise()
    assert choice.precision == "fp32"
    assert choice.why == "asked for cuda, but torch finds no CUDA device; bf16 was not precise enough"


@pytest.mark.parametrize(("asked", "precision"), [("tpu", "auto"), ("auto", "fp8")])
def test_choose_refuses_other_words(asked: str, precision: str) -> None:
    """Words that name no device or precision are refused."""
    with pytest.raises(ValueError, match="is none of"):
        choose(asked, precision, EVERYTHING)
