"""Reading policies, and the files they stand in.

A policy says what part of a conversation is read, kept and released, and by whom. The shipped policies are
the TOML files of this folder; a user adds a policy by writing another file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from classifier.errors import InputError, in_one_line
from classifier.privacy.policies.contradictions import contradictions
from classifier.privacy.policies.metadata_trigger import Condition, parse_condition
from classifier.privacy.policies.setting_ranges import bad_values
from classifier.readers.toml_files import read_toml

EVERY_MESSAGE = 1_000_000
"""``retain_messages`` of a policy without a limit on their number; a policy file writes "all"."""


@dataclass(frozen=True)
class Policy:
    """A stated way of reading direct messages.

    Raises ``ValueError``, with the reason, for settings that are out of range or exclude each other.

    Parameters
    ----------
    name, description
        Lower-case letters, digits and underscores; one line of text.
    title, group, argued
        A short name in plain words, the group it is listed in, and whether it is one of those that people
        argue about.
    purpose, legal_basis, stands_for
        What it is for, on what basis it could be run, and the proposal or product that it stands for.
    where
        Where the reading is done: on the person's own "device"; on the company's "server"; on a server that
        begins when the conditions of ``trigger`` hold ("metadata_trigger"); on a server after a
        "user_report", of what is reported; under encryption, where nobody sees the text
        ("private_inference"); or nowhere ("none", and "first_contact", where a stranger's first message is
        held back until it is accepted).
    recipient
        Who is told: the "user" whose device it is, a "guardian", a "platform_reviewer", an "authority" or
        "nobody". All but the user and nobody are people who are no party to the conversation. Where it is
        "unstated", ``told`` takes the worst.
    evidence
        What an alert rests on: the "text"; "metadata" (no message is read); or, for comparison, "nothing"
        (all are flagged), "chance", or the true "label".
    who
        The messages of "both" people, or of the initiator only.
    sampling_rate
        Share of conversations that are looked at, in (0, 1], drawn once per conversation.
    trigger
        Conditions on metadata, all of which must hold before reading begins.
    text_trigger
        A regular expression: scoring begins at its first match. Searching for it counts as reading.
    window
        The score is of the last ``window`` messages read, and no state outlives them. 0: a running score that
        keeps no message.
    fixed_rule
        Combine the messages' probabilities by a rule that was fitted on nothing, "stage_maxima" or "noisy_or"
        (``policy_scorer.FIXED_RULES``), even where the model comes with a fitted conversation scorer.
    threshold, k_of_n, stage_threshold
        An alert takes a score of at least ``threshold`` and ``k_of_n`` of the five stages, each at a
        probability of at least ``stage_threshold``. ``k_of_n`` = 0: no rule on stages.
    release
        What leaves the place of reading: "nothing"; an "alert_bit"; a "quantised_score" in ``levels``
        levels; an "excerpt", which is that score and ``excerpt_messages`` messages before and after the
        alert; a "full_transcript" of all that was read; a "randomised_bit", flipped with probability 1 / (1
        + e^release_epsilon); or an "aggregate", which is a noisy count of alerts.
    retain_messages, retain_hours
        The most messages kept, each for at most that many hours. 0: none.
    redactor
        What masks the text that a person is shown.
    features, min_people, hash_bits, hash_salted
        Features of the model that scores: "private" TF-IDF terms used by at least ``min_people`` people,
        "hashed" ones in 2**hash_bits cells, or those of a "public" vocabulary.
    training, training_epsilon, people_cap
        How the model is trained; where noise is added, its epsilon and the most conversations a person adds.
    stop_on_alert
        Whether the machine stops reading at the alert.
    report_rate, false_report_rate
        The assumed share of patterns, and of benign conversations, that somebody reports.
    seconds_per_message
        The stated computing time of a message under encryption.
    accept_rate
        The assumed share of strangers' first messages that are accepted.
    """

    name: str
    description: str
    title: str = ""
    group: str = "your own"
    argued: bool = False
    purpose: str = ""
    legal_basis: str = ""
    stands_for: str = ""
    where: Literal[
        "none", "user_report", "metadata_trigger", "device", "server", "private_inference", "first_contact"
    ] = "none"
    recipient: Literal["user", "guardian", "platform_reviewer", "authority", "nobody", "unstated"] = (
        "unstated"
    )
    evidence: Literal["text", "metadata", "nothing", "chance", "label"] = "text"
    who: Literal["both", "initiator_only"] = "both"
    sampling_rate: float = 1.0
    trigger: tuple[str, ...] = ()
    text_trigger: str = ""
    window: int = 0
    fixed_rule: Literal["", "noisy_or", "stage_maxima"] = ""
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
    seconds_per_message: float = 0.0
    accept_rate: float = 0.0

    def __post_init__(self) -> None:
        if fault := next(chain(bad_values(self), contradictions(self)), ""):
            raise ValueError(f"policy {self.name!r}: {fault}")

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The parsed conditions of ``trigger``."""
        return tuple(parse_condition(text) for text in self.trigger)

    @property
    def reads_to_decide(self) -> bool:
        """Whether alerts rest on text."""
        return self.evidence == "text"

    @property
    def retains_every_message(self) -> bool:
        """Whether the number of messages kept has no limit."""
        return self.retain_messages >= EVERY_MESSAGE

    @property
    def shows_text(self) -> bool:
        """Whether a person may see messages."""
        return self.release in ("excerpt", "full_transcript")

    @property
    def told(self) -> str:
        """Who is told; an unstated recipient counts as a reviewer of the platform.

        >>> Policy("a", "b", where="device", release="alert_bit").told
        'platform_reviewer'
        """
        if self.recipient != "unstated":
            return self.recipient
        return "nobody" if self.release in ("nothing", "aggregate") else "platform_reviewer"

    @property
    def tells_a_human(self) -> bool:
        """Whether somebody who is no party to the conversation is told."""
        return self.told not in ("user", "nobody")

    @property
    def company_can_read(self) -> bool:
        """Whether any text can reach the company, its reviewers included."""
        on_server = self.where in ("server", "metadata_trigger", "user_report")
        reads = self.reads_to_decide or self.shows_text
        return (on_server and reads) or (self.shows_text and self.told == "platform_reviewer")

    @property
    def tunable(self) -> bool:
        """Whether the alerts depend on the threshold."""
        return self.where not in ("none", "first_contact") and self.evidence in ("text", "metadata", "chance")

    @property
    def model_key(self) -> str:
        """Key of the model that scores, as features/training.

        The caller names its scorers by these keys.

        >>> Policy("a", "b").model_key
        'private/plain'
        >>> Policy("a", "b", where="device", features="hashed", hash_bits=18).model_key
        'hashed-18/plain'
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


def read_policy(path: Path) -> Policy:
    """The policy of one TOML file.

    Its default name is the file's. Raises ``InputError``, with file, setting and reason, for an unknown
    setting, a value of the wrong type, or settings that exclude each other.
    """
    content = {"name": path.stem} | read_toml(path)
    known = [field.name for field in fields(Policy)]
    if unknown := [name for name in content if name not in known]:
        raise InputError(f"{path}: unknown setting {unknown[0]!r}; the settings are {', '.join(known)}")
    if content.get("retain_messages") == "all":
        content["retain_messages"] = EVERY_MESSAGE
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError as error:
        raise InputError(f"{path}: {in_one_line(error.errors())}") from None


_ADAPTER = TypeAdapter(Policy)


def read_policies(paths: Iterable[Path]) -> tuple[Policy, ...]:
    """The policies of several files, in order.

    Raises ``InputError`` when two of them have the same name.
    """
    policies: dict[str, Policy] = {}
    for path in paths:
        policy = read_policy(path)
        if policy.name in policies:
            raise InputError(f"{path}: a policy named {policy.name!r} was already read; names must differ")
        policies[policy.name] = policy
    return tuple(policies.values())


def shipped_policies() -> tuple[Policy, ...]:
    """The policies of the package: anchors, then the others by name.

    >>> [policy.name for policy in shipped_policies()][:3]
    ['read_nothing', 'flag_all', 'random_flag']
    """
    policies = read_policies(sorted(Path(str(files("classifier.privacy.policies"))).glob("*.toml")))
    ranks = {name: rank for rank, name in enumerate(ANCHORS)}
    return tuple(sorted(policies, key=lambda policy: (ranks.get(policy.name, len(ranks)), policy.name)))


ANCHORS = (
    "read_nothing",
    "flag_all",
    "random_flag",
    "user_report_only",
    "metadata_only",
    "oracle",
    "full_server_scan",
)
"""Policies that every comparison includes: the ends of each scale, and detection without reading."""


def reading_observer(policy: Policy) -> str:
    """Code of the observer who reads first.

    "M" is the machine on the device, "S" the server, "E" a computation under encryption, "-" nobody.

    >>> reading_observer(Policy("pizza", "A toy.", where="device"))
    'M'
    """
    return {"none": "-", "first_contact": "-", "device": "M", "private_inference": "E"}.get(policy.where, "S")
