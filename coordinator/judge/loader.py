"""The one place where policies are read: bundled TOML files by name, an admin's own by path.

pydantic checks what comes from outside here, so that the rest of the package stays pure.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from coordinator.judge.definition import DEFAULT_FRAME_SIZE, Definition, DefinitionError
from coordinator.judge.errors import PolicyError
from coordinator.judge.policy import Policy, Rule
from coordinator.judge.rules import RULES
from coordinator.judge.strictness import check_strictness
from shared.limits import MAX_FRAME_SIZE, MAX_NAME_CHARACTERS, MAX_TERM_CHARACTERS, MAX_TERMS, MIN_FRAME_SIZE

_STRICT_FIELDS = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_STRICT = ConfigDict(frozen=True, **_STRICT_FIELDS)
_Model = TypeVar("_Model", bound=BaseModel)
_NOTHING: Mapping[str, Any] = MappingProxyType({})

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=MAX_NAME_CHARACTERS)]
DisplayName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
FrameSize = Annotated[int, Field(ge=MIN_FRAME_SIZE, le=MAX_FRAME_SIZE)]
Similarity = Annotated[float, Field(ge=-1, le=1)]
Limits = Annotated[dict[str, Similarity], Field(min_length=1)]


class Override(BaseModel):
    """What the file of an admin may say when it extends a bundled policy: single figures of it, or new ones."""

    model_config = _STRICT

    extends: str
    name: Name
    model: DisplayName | None = None
    frame_size: FrameSize | None = None
    parts: dict[Name, DisplayName] = {}
    thresholds: dict[Name, Limits] = {}
    parameters: dict[str, Any] = {}


class Document(BaseModel):
    """What a policy file says that stands alone."""

    model_config = _STRICT

    name: Name
    model: DisplayName
    frame_size: FrameSize = DEFAULT_FRAME_SIZE
    rule: str
    parts: Annotated[dict[Name, DisplayName], Field(min_length=1)]
    thresholds: Annotated[dict[Name, Limits], Field(min_length=1)]
    parameters: dict[str, Any] = {}


def bundled_policies() -> tuple[str, ...]:
    """Return the names of the policies that come with the coordinator, sorted."""
    files = resources.files("coordinator.judge").joinpath("policies").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def load_policy(name_or_path: str, *, strictness: Mapping[str, float] = _NOTHING) -> Policy:
    """Read a policy and make its rule.

    A bundled policy is given by name, an admin's file by a path that ends in .toml. Such a file stands alone, or says
    `extends = "NAME"` and then only what differs from that bundled policy: single thresholds, new terms, display names,
    whole parameters; its name is the file's unless it gives one. `strictness` maps parts to what their thresholds are
    lowered by, in units of similarity. Raise `PolicyError`, one sentence, when any of this is wrong.
    """
    is_path = name_or_path.endswith(".toml")
    source = name_or_path if is_path else f"policy {name_or_path}"
    raw = _parse(_read_file(name_or_path) if is_path else _read_bundled(name_or_path), source=source)
    if "extends" in raw:
        override = _check(Override, {"name": Path(name_or_path).stem, **raw}, source=source)
        document = _extend(override, source=source)
    else:
        document = _check(Document, raw, source=source)
        _check_terms(document.thresholds, source=source)
    rule = _rule_of(document, source=source)
    parameters = _parameters_of(document, rule, source=source)
    _check_strictness(strictness, document, rule, source=source)
    definition = Definition(
        rule=document.rule,
        model=document.model,
        frame_size=document.frame_size,
        parts=document.parts,
        thresholds=document.thresholds,
        parameters=dataclasses.asdict(parameters),
        strictness={part: float(amount) for part, amount in strictness.items() if amount},
    )
    if len(definition.terms) > MAX_TERMS:
        raise PolicyError(source, "thresholds", f"hold {len(definition.terms)} terms, of which {MAX_TERMS} are allowed")
    try:
        made = rule(definition, parameters)
    except DefinitionError as error:
        raise PolicyError(source, error.key, error.what) from error
    fingerprint = definition.fingerprint(revision=rule.REVISION)
    return Policy(name=document.name, fingerprint=fingerprint, definition=definition, rule=made)


def _read_bundled(name: str) -> bytes:
    # Compared with the list, never joined to a path unseen: a name cannot lead out of the folder.
    if name not in bundled_policies():
        known = ", ".join(bundled_policies())
        what = f"does not exist; there are {known}, or give the path of a file that ends in .toml"
        raise PolicyError(f"policy {name}", "", what)
    return resources.files("coordinator.judge").joinpath("policies", f"{name}.toml").read_bytes()


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise PolicyError(path, "", f"cannot be read: {error.strerror}") from error


def _parse(content: bytes, *, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise PolicyError(source, "", f"is not UTF-8 at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(source, "", f"is not TOML: {error}") from error


def _check(model: type[_Model], raw: dict[str, Any], *, source: str) -> _Model:
    """Return what a file says as a `model`."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _translated(error, raw, source=source) from error


def _check_terms(
    thresholds: Mapping[str, Mapping[str, float]], *, source: str, base: Mapping[str, Mapping[str, float]] = _NOTHING
) -> None:
    """Raise `PolicyError`, without quoting it, for a term that is none, also beside those of the `base` it extends."""
    for table, limits in thresholds.items():
        # Text encoders of CLIP ignore case: a term in other letters would be the same column twice.
        known = {term.casefold(): term for term in base.get(table, ())}
        for number, term in enumerate(limits, start=1):
            key = f"thresholds.{table}, entry {number},"
            if not term or term != term.strip() or not term.isprintable():
                raise PolicyError(source, key, "is empty, begins or ends with a space, or has unprintable signs")
            if len(term) > MAX_TERM_CHARACTERS:
                raise PolicyError(
                    source, key, f"has {len(term)} characters, of which {MAX_TERM_CHARACTERS} are allowed"
                )
            if known.setdefault(term.casefold(), term) != term:
                raise PolicyError(source, key, "repeats a term of this table in other letters")


def _translated(error: ValidationError, raw: Mapping[str, Any], *, source: str, section: str = "") -> PolicyError:
    """Return pydantic's first complaint as our sentence, with the number of an entry in the place of its term."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    section, *place = [section, *map(str, first["loc"])] if section else [*map(str, first["loc"]), ""]
    if section == "thresholds" and len(place) > 2:
        number = list(raw["thresholds"][place[0]]).index(place[1]) + 1
        key = f"thresholds.{place[0]}, entry {number},"
    else:
        key = ".".join([section, *place[:1]]).rstrip(".")
    match first["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            return PolicyError(source, key, "is not known here")
        case "missing":
            return PolicyError(source, key, "is missing or incomplete")
        case _:
            return PolicyError(source, key, f"is wrong: {first['msg'][:1].lower()}{first['msg'][1:]}")


def _extend(override: Override, *, source: str) -> Document:
    """Return the bundled policy with the figures of an override in the place of its own."""
    if override.extends not in bundled_policies():
        raise PolicyError(source, "extends", f"names none of {', '.join(bundled_policies())}")
    bundled = f"policy {override.extends}"
    base = _check(Document, _parse(_read_bundled(override.extends), source=bundled), source=bundled)
    _check_terms(override.thresholds, source=source, base=base.thresholds)
    thresholds = dict(base.thresholds)
    for table, limits in override.thresholds.items():
        thresholds[table] = thresholds.get(table, {}) | limits
    return Document(
        name=override.name,
        model=override.model or base.model,
        frame_size=override.frame_size or base.frame_size,
        rule=base.rule,
        parts=base.parts | override.parts,
        thresholds=thresholds,
        parameters=base.parameters | override.parameters,
    )


def _rule_of(document: Document, *, source: str) -> type[Rule]:
    """Return the rule that a document names, once it has the parts and tables of that rule."""
    rule = RULES.get(document.rule)
    if rule is None:
        raise PolicyError(source, "rule", f"is {document.rule!r}, which is none of {', '.join(RULES)}")
    wanted = rule.PARTS if rule.PARTS is not None else document.parts.keys()
    tables = rule.TABLES if rule.TABLES is not None else document.parts
    for section, given, needed in (
        ("parts", document.parts.keys(), wanted),
        ("thresholds", document.thresholds.keys(), tables.keys()),
    ):
        if given != needed:
            what = f"are {', '.join(given)}, where the rule {document.rule} has {', '.join(sorted(needed))}"
            raise PolicyError(source, section, what)
    return rule


def _parameters_of(document: Document, rule: type[Rule], *, source: str) -> Any:
    """Return the [parameters] as the rule's own frozen dataclass."""
    strict = TypeAdapter(checked_dataclass(rule.PARAMETERS, config=_STRICT_FIELDS, frozen=True))
    try:
        # By way of JSON, in which an array may become a tuple without laxness about anything else.
        return strict.validate_json(json.dumps(document.parameters, default=str))
    except ValidationError as error:
        raise _translated(error, {}, source=source, section="parameters") from error


def _check_strictness(strictness: Mapping[str, float], document: Document, rule: type[Rule], *, source: str) -> None:
    """Raise `PolicyError` for a part that the policy does not have, or whose tables strictness does not move."""
    movable = document.parts.keys() if rule.TABLES is None else set(rule.TABLES.values()) - {None}
    for part, amount in strictness.items():
        if part not in movable:
            parts = ", ".join(key for key in document.parts if key in movable)
            raise PolicyError(
                source, "strictness", f"is given for {part!r}, but only {parts} can be more or less strict"
            )
        check_strictness(part, amount, source=f"{source}: strictness")
