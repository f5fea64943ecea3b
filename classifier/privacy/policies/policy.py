"""What part of a conversation is read, kept and released, and by whom? One frozen ``Policy``; everything else derives from it.

Shipped policies stand as TOML files in ``policies/``; a user adds one by writing another file.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from classifier.errors import InputError, in_one_line
from classifier.privacy.policies.trigger import Condition, parse_condition
from classifier.taxonomy import STAGES

EVERY_MESSAGE = 1_000_000
"""``retain_messages`` of a policy without a cap on their number; a policy file writes "all"."""

READS_TO_DECIDE = "text"


@dataclass(frozen=True)
class Policy:
    """A stated way of reading direct messages.

    - ``where`` the reading is done: ``device``; ``server``; a server that begins when the ``metadata_trigger`` does; on a ``user_report``, of what is reported;
      or ``none``. ``who``: messages of both, or of the initiator only. ``sampling_rate``: share of conversations looked at, drawn once per conversation.
    - ``evidence`` an alert rests on: the ``text``; ``metadata`` (nothing is read); or for comparison ``nothing`` (all are flagged), ``chance``, the true ``label``.
    - ``trigger``: conditions on metadata, all to hold before reading begins. ``text_trigger``: a regular expression; finding it takes reading, and counts as it.
    - ``window``: the score is of the last that many messages read and no state outlives them; 0: a running score that keeps no message.
    - ``noisy_or``: the messages' probabilities are combined by a fixed rule (``scorer.NoisyOr``) even where the model comes with a fitted conversation scorer.
    - an alert takes a score of at least ``threshold`` and ``k_of_n`` of the five stages at a probability of ``stage_threshold`` or more (0: no such rule).
    - ``release``: ``nothing``; ``alert_bit``; ``quantised_score`` in ``levels`` steps; ``excerpt``: that score and ``excerpt_messages`` before and after;
      ``full_transcript``: all that was read; ``randomised_bit``: a bit flipped with probability 1/(1 + e^release_epsilon); ``aggregate``: only a noisy count.
    - ``retain_messages``, each for at most ``retain_hours``; ``redactor`` of what is shown; ``stop_on_alert`` ends the machine's reading.
    - ``features`` and ``training`` say which model scores: ``private`` TF-IDF terms used by at least ``min_people``, ``hashed`` ones (``hash_bits``,
      ``hash_salted``) or a ``public`` vocabulary; ``training_epsilon`` and ``people_cap`` (conversations a person adds at most) where noise was added.
    - ``report_rate`` and ``false_report_rate``: the assumed share of patterns and of innocent conversations that somebody reports.

    Raises ``ValueError`` with the reason for a combination that cannot be.
    """

    name: str
    description: str
    where: Literal["none", "user_report", "metadata_trigger", "device", "server"] = "none"
    evidence: Literal["text", "metadata", "nothing", "chance", "label"] = "text"
    who: Literal["both", "initiator_only"] = "both"
    sampling_rate: float = 1.0
    trigger: tuple[str, ...] = ()
    text_trigger: str = ""
    window: int = 0
    noisy_or: bool = False
    threshold: float = 0.5
    k_of_n: int = 0
    stage_threshold: float = 0.5
    release: Literal[
        "nothing", "alert_bit", "quantised_score", "excerpt", "full_transcript", "randomised_bit", "aggregate"
    ] = "nothing"
    levels: int = 0
    excerpt_messages: int = 0
    release_epsilon: float = 0.0
    retain_messages: int = 0
    retain_hours: float = 0.0
    redactor: Literal["none", "patterns", "lexicon", "presidio"] = "none"
    features: Literal["private", "hashed", "public"] = "private"
    min_people: int = 1
    hash_bits: int = 0
    hash_salted: bool = False
    training: Literal["plain", "output_perturbation", "objective_perturbation"] = "plain"
    training_epsilon: float = 0.0
    people_cap: int = 0
    stop_on_alert: bool = True
    report_rate: float = 0.0
    false_report_rate: float = 0.0

    def __post_init__(self) -> None:
        if fault := next(_faults(self), ""):
            raise ValueError(f"policy {self.name!r}: {fault}")

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """``trigger``, parsed."""
        return tuple(parse_condition(text) for text in self.trigger)

    @property
    def shows_text(self) -> bool:
        """Whether a human may come to see messages."""
        return self.release in ("excerpt", "full_transcript")

    @property
    def names_conversations(self) -> bool:
        """Whether what is released points at single conversations, so that somebody can act."""
        return self.release not in ("nothing", "aggregate")

    @property
    def tunable(self) -> bool:
        """Whether moving the threshold moves the alerts."""
        return self.where != "none" and self.evidence in ("text", "metadata", "chance")

    @property
    def model_key(self) -> str:
        """Which model a policy takes, as the caller names it when handing in scorers: features, then training.

        >>> Policy("a", "b").model_key, Policy("a", "b", where="device", features="hashed", hash_bits=18).model_key
        ('private/plain', 'hashed-18/plain')
        """
        features = (
            f"hashed-{self.hash_bits}{'-salted' if self.hash_salted else ''}"
            if self.features == "hashed"
            else self.features
        )
        people = f"-{self.min_people}" if self.features == "private" and self.min_people > 1 else ""
        training = (
            "plain"
            if self.training == "plain"
            else f"{self.training}-{self.training_epsilon:g}-cap{self.people_cap}"
        )
        return f"{features}{people}/{training}"


def _faults(policy: Policy) -> Iterator[str]:
    """Why this policy cannot be, the most basic reason first."""
    yield from _bad_values(policy)
    if policy.where == "none" and policy.release != "nothing":
        yield "where = none reads and knows nothing, so it can release nothing"
    yield from _bad_reading(policy)
    yield from _bad_release(policy)
    yield from _bad_keeping(policy)
    yield from _bad_model(policy)


def _bad_values(policy: Policy) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9_]+", policy.name):
        yield "name must be lower-case letters, digits and _"
    if not policy.description or "\n" in policy.description:
        yield "description must be one line"
    for field_name, choices in CHOICES.items():
        if getattr(policy, field_name) not in choices:
            yield f"{field_name} must be one of {', '.join(choices)}, got {getattr(policy, field_name)!r}"
    for field_name, (low, high) in RANGES.items():
        if not low <= getattr(policy, field_name) <= high:
            yield f"{field_name} must be in [{low:g}, {high:g}], got {getattr(policy, field_name)!r}"
    if policy.sampling_rate == 0:
        yield "sampling_rate = 0 looks at no conversation; write where = none"
    if math.isnan(policy.threshold):
        yield "threshold must be a number, got nan"
    for condition in policy.trigger:
        try:
            parse_condition(condition)
        except ValueError as error:
            yield str(error)
    try:
        re.compile(policy.text_trigger)
    except re.error as error:
        yield f"text_trigger {policy.text_trigger!r} is not a regular expression: {error}"


def _bad_reading(policy: Policy) -> Iterator[str]:
    reported = policy.where == "user_report"
    if policy.where == "metadata_trigger" and not policy.trigger:
        yield "where = metadata_trigger needs conditions in trigger"
    if policy.evidence == "metadata" and not policy.trigger:
        yield "evidence = metadata needs conditions in trigger: it is they that are counted"
    if reported and (policy.trigger or policy.text_trigger or policy.sampling_rate < 1):
        yield "a reported conversation is handed in by a person: trigger, text_trigger and sampling_rate < 1 do not apply"
    if reported and policy.evidence not in ("text", "nothing"):
        yield f"a report is either reviewed (evidence = nothing) or scored (evidence = text), got evidence = {policy.evidence}"
    if reported and not policy.report_rate:
        yield "where = user_report needs a report_rate: the share of patterns that somebody reports is an assumption, so state it"
    if not reported and (policy.report_rate or policy.false_report_rate):
        yield "report_rate and false_report_rate belong to where = user_report"
    if policy.evidence != READS_TO_DECIDE:
        for field_name in ("window", "noisy_or", "k_of_n", "text_trigger", "retain_messages"):
            if getattr(policy, field_name):
                yield f"evidence = {policy.evidence} decides without reading, so {field_name} has nothing to work on"


def _bad_release(policy: Policy) -> Iterator[str]:
    if policy.evidence == "metadata" and policy.shows_text:
        yield f"evidence = metadata has read nothing it could show; to show what follows use where = metadata_trigger with evidence = nothing, got release = {policy.release}"
    if policy.evidence != READS_TO_DECIDE and policy.release == "excerpt":
        yield "an excerpt lies around the message that raised the alert, and without evidence = text no message did"
    needs_levels = policy.release in ("quantised_score", "excerpt")
    if needs_levels != (policy.levels >= 2):
        yield f"release = {policy.release} takes {'at least 2' if needs_levels else 'no'} levels, got {policy.levels}"
    if policy.excerpt_messages and policy.release != "excerpt":
        yield "excerpt_messages belongs to release = excerpt"
    noisy = policy.release in ("randomised_bit", "aggregate")
    if noisy != (policy.release_epsilon > 0):
        yield f"release = {policy.release} takes {'a release_epsilon above 0' if noisy else 'no release_epsilon'}, got {policy.release_epsilon:g}"
    if policy.redactor != "none" and not policy.shows_text:
        yield f"release = {policy.release} shows no text, so there is nothing for a redactor to mask"


def _bad_keeping(policy: Policy) -> Iterator[str]:
    if (policy.retain_messages > 0) != (policy.retain_hours > 0):
        yield f"retain_messages and retain_hours go together, got {policy.retain_messages} and {policy.retain_hours:g}"
    if policy.window > policy.retain_messages:
        yield f"a window of {policy.window} messages keeps {policy.window} messages, but retain_messages = {policy.retain_messages}"
    reads = policy.evidence == READS_TO_DECIDE and policy.where not in ("none", "user_report")
    if reads and policy.release == "full_transcript" and policy.retain_messages < EVERY_MESSAGE:
        yield 'a full transcript can be shown only when every message read is still kept: retain_messages = "all"'
    if reads and policy.excerpt_messages and policy.retain_messages <= policy.excerpt_messages:
        yield f"to show {policy.excerpt_messages} messages before an alert takes retain_messages of at least {policy.excerpt_messages + 1}, got {policy.retain_messages}"


def _bad_model(policy: Policy) -> Iterator[str]:
    if (policy.features == "hashed") != (policy.hash_bits > 0):
        yield f"hash_bits belongs to features = hashed, got features = {policy.features} and {policy.hash_bits} bits"
    if policy.hash_salted and policy.features != "hashed":
        yield "hash_salted belongs to features = hashed"
    if policy.min_people > 1 and policy.features != "private":
        yield "min_people limits a vocabulary fitted on people's text: it belongs to features = private"
    noisy = policy.training != "plain"
    if noisy != (policy.training_epsilon > 0) or noisy != (policy.people_cap > 0):
        yield f"training = {policy.training} takes {'a training_epsilon and a people_cap above 0' if noisy else 'no training_epsilon or people_cap'}"
    if noisy and policy.features == "private":
        yield "noise on the weights says nothing of a vocabulary fitted on private text, so no epsilon can be claimed: use features = public or hashed"


CHOICES: dict[str, tuple[str, ...]] = {
    name: get_args(hint)
    for name, hint in get_type_hints(Policy).items()
    if get_args(hint) and name != "trigger"
}
"""What each knob that is a word may say."""

RANGES: dict[str, tuple[float, float]] = {
    "sampling_rate": (0, 1),
    "window": (0, EVERY_MESSAGE),
    "k_of_n": (0, len(STAGES)),
    "stage_threshold": (0, 1),
    "levels": (0, 1024),
    "excerpt_messages": (0, 100),
    "release_epsilon": (0, 100),
    "retain_messages": (0, EVERY_MESSAGE),
    "retain_hours": (0, 24 * 366 * 10),
    "min_people": (1, 1_000_000),
    "hash_bits": (0, 24),
    "training_epsilon": (0, 1000),
    "people_cap": (0, 1_000_000),
    "report_rate": (0, 1),
    "false_report_rate": (0, 1),
}
"""Lowest and highest value of each knob that is a number; ``threshold`` may be any, since scores are the caller's."""


def read_policy(path: Path) -> Policy:
    """The policy of one TOML file; its name is the file's.

    Raises ``InputError`` naming file, knob and reason for an unknown knob, a value of the wrong kind or a combination that cannot be.
    """
    try:
        content: dict[str, Any] = {"name": path.stem} | tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not readable as TOML: {error}") from None
    known = [field.name for field in fields(Policy)]
    if unknown := [name for name in content if name not in known]:
        raise InputError(f"{path}: unknown knob {unknown[0]!r}; a policy knows {', '.join(known)}")
    if content.get("retain_messages") == "all":
        content["retain_messages"] = EVERY_MESSAGE
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError as error:
        raise InputError(f"{path}: {in_one_line(error.errors())}") from None


_ADAPTER = TypeAdapter(Policy)


def read_policies(paths: Iterable[Path]) -> tuple[Policy, ...]:
    """The policies of several files, in order. Raises ``InputError`` when two have one name."""
    found: dict[str, Policy] = {}
    for path in paths:
        policy = read_policy(path)
        if policy.name in found:
            raise InputError(f"{path}: a policy named {policy.name!r} was already read; names must differ")
        found[policy.name] = policy
    return tuple(found.values())


def shipped_policies() -> tuple[Policy, ...]:
    """The policies that come with the package, the anchors first, then by name.

    >>> [policy.name for policy in shipped_policies()][:3]
    ['read_nothing', 'flag_all', 'random_flag']
    """
    policies = read_policies(sorted(Path(str(files("classifier.privacy.policies"))).glob("*.toml")))
    return tuple(
        sorted(
            policies,
            key=lambda policy: (
                ANCHORS.index(policy.name) if policy.name in ANCHORS else len(ANCHORS),
                policy.name,
            ),
        )
    )


ANCHORS = (
    "read_nothing",
    "flag_all",
    "random_flag",
    "user_report_only",
    "metadata_only",
    "oracle",
    "full_server_scan",
)
"""Always run beside any policy: the ends of every scale, and what can be had without reading."""


def reader(policy: Policy) -> str:
    """The observer who reads first: M on the device, S on the server; none reads nothing.

    >>> reader(Policy("pizza", "A toy.", where="device"))
    'M'
    """
    return {"none": "-", "device": "M"}.get(policy.where, "S")
