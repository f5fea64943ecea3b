"""Settings of a policy that exclude each other, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classifier.privacy.policies.policy import Policy


def contradictions(policy: Policy) -> Iterator[str]:
    """Why settings of a policy exclude each other, basic reasons first."""
    if policy.where == "none" and policy.release != "nothing":
        yield "where = none reads and knows nothing, so it can release nothing"
    yield from _in_reading(policy)
    yield from _in_places_without_reading(policy)
    yield from _in_release(policy)
    yield from _in_telling(policy)
    yield from _in_retention(policy)
    yield from _in_model(policy)


def _in_reading(policy: Policy) -> Iterator[str]:
    reported = policy.where == "user_report"
    if policy.where == "metadata_trigger" and not policy.trigger:
        yield "where = metadata_trigger needs conditions in trigger"
    if policy.evidence == "metadata" and not policy.trigger:
        yield "evidence = metadata needs conditions in trigger: the default score is the share that holds"
    if reported and (policy.trigger or policy.text_trigger or policy.sampling_rate < 1):
        yield (
            "a reported conversation is handed in by a person: "
            "trigger, text_trigger and sampling_rate < 1 do not apply"
        )
    if reported and policy.evidence not in ("text", "nothing"):
        yield (
            "a report is either reviewed (evidence = nothing) or scored (evidence = text), "
            f"got evidence = {policy.evidence}"
        )
    if reported and not policy.report_rate:
        yield (
            "where = user_report needs a report_rate: "
            "the share of patterns that somebody reports is an assumption, so state it"
        )
    if not reported and (policy.report_rate or policy.false_report_rate):
        yield "report_rate and false_report_rate belong to where = user_report"
    if policy.reads_to_decide:
        return
    for name in ("window", "fixed_rule", "k_of_n", "text_trigger", "retain_messages"):
        if getattr(policy, name):
            yield f"evidence = {policy.evidence} decides without reading, so {name} has nothing to work on"


def _in_places_without_reading(policy: Policy) -> Iterator[str]:
    encrypted = policy.where == "private_inference"
    if encrypted != (policy.seconds_per_message > 0):
        yield "seconds_per_message, which must be stated, belongs to where = private_inference"
    if encrypted and (policy.shows_text or policy.text_trigger or policy.retain_messages):
        yield (
            "where = private_inference leaves nobody a text: "
            "release, text_trigger and retain_messages cannot need one"
        )
    if encrypted and policy.evidence != "text":
        yield f"where = private_inference computes on text, got evidence = {policy.evidence}"
    first_contact = policy.where == "first_contact"
    if policy.accept_rate and not first_contact:
        yield "accept_rate belongs to where = first_contact"
    if first_contact and (policy.evidence, policy.release, policy.told) != ("metadata", "alert_bit", "user"):
        yield (
            "where = first_contact holds a stranger's first message back until its reader accepts it: "
            "evidence = metadata, release = alert_bit and recipient = user"
        )


def _in_telling(policy: Policy) -> Iterator[str]:
    points_at_somebody = policy.release not in ("nothing", "aggregate")
    if points_at_somebody and policy.recipient == "nobody":
        yield f"release = {policy.release} tells somebody, so recipient = nobody cannot be"
    if not points_at_somebody and policy.recipient not in ("nobody", "unstated"):
        yield f"release = {policy.release} tells nobody, got recipient = {policy.recipient}"
    if policy.recipient == "user" and policy.shows_text:
        yield (
            "recipient = user has the conversation already, so nothing is shown: "
            f"release = alert_bit or quantised_score, got {policy.release}"
        )


def _in_release(policy: Policy) -> Iterator[str]:
    if policy.evidence == "metadata" and policy.shows_text:
        yield (
            "evidence = metadata has read nothing it could show; "
            "to show what follows use where = metadata_trigger with evidence = nothing, "
            f"got release = {policy.release}"
        )
    if not policy.reads_to_decide and policy.release == "excerpt":
        yield (
            "an excerpt lies around the message that raised the alert, "
            "and without evidence = text no message did"
        )
    takes_levels = policy.release in ("quantised_score", "excerpt")
    if takes_levels != (policy.levels >= 2):
        expected = "at least 2" if takes_levels else "no"
        yield f"release = {policy.release} takes {expected} levels, got {policy.levels}"
    if policy.excerpt_messages and policy.release != "excerpt":
        yield "excerpt_messages belongs to release = excerpt"
    noisy = policy.release in ("randomised_bit", "aggregate")
    if noisy != (policy.release_epsilon > 0):
        expected = "a release_epsilon above 0" if noisy else "no release_epsilon"
        yield f"release = {policy.release} takes {expected}, got {policy.release_epsilon:g}"
    if policy.redactor != "none" and not policy.shows_text:
        yield f"release = {policy.release} shows no text, so there is nothing for a redactor to mask"


def _in_retention(policy: Policy) -> Iterator[str]:
    if (policy.retain_messages > 0) != (policy.retain_hours > 0):
        yield (
            "retain_messages and retain_hours go together, "
            f"got {policy.retain_messages} and {policy.retain_hours:g}"
        )
    if policy.window > policy.retain_messages:
        yield (
            f"a window of {policy.window} messages keeps {policy.window} messages, "
            f"but retain_messages = {policy.retain_messages}"
        )
    reads = policy.reads_to_decide and policy.where not in ("none", "user_report")
    if reads and policy.release == "full_transcript" and not policy.retains_every_message:
        yield (
            "a full transcript can be shown only when every message read is still kept: "
            'retain_messages = "all"'
        )
    if reads and policy.excerpt_messages and policy.retain_messages <= policy.excerpt_messages:
        yield (
            f"to show {policy.excerpt_messages} messages before an alert takes "
            f"retain_messages of at least {policy.excerpt_messages + 1}, got {policy.retain_messages}"
        )


def _in_model(policy: Policy) -> Iterator[str]:
    if (policy.features == "hashed") != (policy.hash_bits > 0):
        yield (
            "hash_bits belongs to features = hashed, "
            f"got features = {policy.features} and {policy.hash_bits} bits"
        )
    if policy.hash_salted and policy.features != "hashed":
        yield "hash_salted belongs to features = hashed"
    if policy.min_people > 1 and policy.features != "private":
        yield "min_people limits a vocabulary fitted on people's text: it belongs to features = private"
    noisy = policy.training != "plain"
    if noisy != (policy.training_epsilon > 0) or noisy != (policy.people_cap > 0):
        expected = (
            "a training_epsilon and a people_cap above 0" if noisy else "no training_epsilon or people_cap"
        )
        yield f"training = {policy.training} takes {expected}"
    if noisy and policy.features == "private":
        yield (
            "noise on the weights says nothing of a vocabulary fitted on private text, "
            "so no epsilon can be claimed: use features = public or hashed"
        )
