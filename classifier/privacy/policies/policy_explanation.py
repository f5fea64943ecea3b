"""Policies explained in plain words."""

from __future__ import annotations

import math

from classifier.privacy.policies.policy import Policy
from classifier.privacy.policies.release_mechanisms import flip_probability
from classifier.taxonomy import STAGES

MASKED = {
    "none": "as written",
    "patterns": "numbers, addresses and handles masked by patterns",
    "lexicon": "masked by patterns and a list of names",
    "presidio": "masked by Presidio",
}

CHOSEN = "thresholds are chosen on validation"

RECIPIENTS = {
    "user": "the user, and nobody else,",
    "guardian": "a guardian",
    "platform_reviewer": "a reviewer of the platform",
    "authority": "an authority",
    "unstated": "a reviewer of the platform (the recipient is not stated)",
}


def explain_policy(policy: Policy) -> str:
    """What is read, kept and released, by whom and on what basis.

    The first line is name and description; then come one line each for what is read, kept, alerted on and
    released, one for the model, where one scores, and those of purpose, legal basis and what the policy
    stands for, where they are stated.

    >>> bit = {"where": "device", "release": "alert_bit", "recipient": "user"}
    >>> kept = {"window": 5, "retain_messages": 5, "retain_hours": 1}
    >>> print(explain_policy(Policy("pizza", "A toy.", **bit, **kept)))
    pizza: A toy.
    Read: the device reads every message of both people in every conversation, until an alert.
    Kept: the device keeps the last 5 messages, each for at most 1 h.
      The score is of the last 5 messages read.
    Alert: when the policy's own score reaches its threshold; thresholds are chosen on validation.
    Released: the user, and nobody else, gets an alert without content.
    Model: TF-IDF over a vocabulary fitted on private text, trained without noise.
    """
    lines = {
        "Read": _reading(policy),
        "Kept": _keeping(policy),
        "Alert": _alerting(policy),
        "Released": _releasing(policy),
        "Model": _modelling(policy),
        "Purpose": policy.purpose.removesuffix("."),
        "Legal basis": policy.legal_basis.removesuffix("."),
        "Stands for": policy.stands_for.removesuffix("."),
    }
    return "\n".join(
        [
            f"{policy.name}: {policy.description}",
            *(f"{title}: {text}." for title, text in lines.items() if text),
        ]
    )


def _who_reads(policy: Policy) -> str:
    return {"device": "the device", "private_inference": "nobody; a computation under encryption"}.get(
        policy.where, "the server"
    )


def _reading(policy: Policy) -> str:
    if policy.where == "none":
        return "nothing"
    if not policy.reads_to_decide:
        return _reading_without_text(policy)
    whose = (
        "every message of both people"
        if policy.who == "both"
        else "every message of the person who opened the contact"
    )
    if policy.where == "user_report":
        return f"nothing, until one of the two reports the conversation; then the server reads {whose}"
    which = "every conversation"
    if policy.sampling_rate < 1:
        which = f"{policy.sampling_rate:.0%} of conversations, drawn at random"
    since = f", from when {' and '.join(policy.trigger)}" if policy.trigger else ""
    scored = ""
    if policy.text_trigger:
        scored = (
            f"; only from the first match of /{policy.text_trigger}/ on is it scored, "
            "but looking for it is reading too"
        )
    until = ", until an alert" if policy.stop_on_alert else ""
    verb = "reads"
    if policy.where == "private_inference":
        verb = f"(at a stated {policy.seconds_per_message:g} s a message) scores"
    return f"{_who_reads(policy)} {verb} {whose} in {which}{since}{scored}{until}"


def _reading_without_text(policy: Policy) -> str:
    if policy.where == "user_report":
        return "nothing, until one of the two reports the conversation; a reviewer then reads it"
    if policy.shows_text:
        return "no machine reads to decide; what a reviewer is shown counts as read"
    if policy.where == "first_contact":
        return f"nothing; at the first message it is looked at whether {' and '.join(policy.trigger)}"
    if policy.evidence == "metadata":
        return "nothing; who writes to whom and when is looked at"
    return "nothing"


def _keeping(policy: Policy) -> str:
    if not policy.reads_to_decide or policy.where == "none":
        return "no message"
    score = (
        f"The score is of the last {policy.window} messages read"
        if policy.window
        else "A running score is kept, which holds no message"
    )
    if not policy.retain_messages:
        return f"no message. {score}"
    how_many = (
        "every message" if policy.retains_every_message else f"the last {policy.retain_messages} messages"
    )
    return f"{_who_reads(policy)} keeps {how_many}, each for at most {policy.retain_hours:g} h. {score}"


def _alerting(policy: Policy) -> str:
    if policy.where == "none":
        return "never"
    if policy.where == "first_contact":
        return (
            "when the first message comes from a stranger, unless it is accepted, as an assumed share of "
            f"{policy.accept_rate:g} is"
        )
    stages = f" and {policy.k_of_n} of the {len(STAGES)} stages have been seen" if policy.k_of_n else ""
    return {
        "text": f"when the policy's own score reaches its threshold{stages}; {CHOSEN}",
        "metadata": (
            f"when a score of metadata, by default the share of {', '.join(policy.trigger)} that holds, "
            f"reaches the policy's own threshold; {CHOSEN}"
        ),
        "nothing": "on every report" if policy.where == "user_report" else "always",
        "chance": "at random, for a share of conversations that is chosen on validation",
        "label": "on exactly the scripted patterns, which no real policy can know",
    }[policy.evidence]


def _releasing(policy: Policy) -> str:
    around = policy.excerpt_messages
    noise = policy.release_epsilon or math.nan
    streamed = policy.reads_to_decide and policy.where != "user_report"
    whole = "every message read and still kept" if streamed else "the whole conversation"
    follows = ", and those that follow" if streamed and not policy.stop_on_alert else ""
    masked = MASKED[policy.redactor]
    who = RECIPIENTS.get(policy.recipient, "nobody")
    if policy.where == "first_contact":
        return "the message is held back as a request to the user, and nobody else is told"
    return {
        "nothing": "nothing",
        "alert_bit": f"{who} gets an alert without content",
        "quantised_score": (f"{who} gets an alert with the score in {policy.levels} steps, without content"),
        "excerpt": (
            f"{who} gets the score in {policy.levels} steps and sees the alerting message "
            f"with {around} before and after, of those read, {masked}"
        ),
        "full_transcript": f"{who} sees {whole}{follows}, {masked}",
        "randomised_bit": (
            f"{who} gets one bit for every conversation at its end, "
            f"flipped with probability {flip_probability(policy.release_epsilon):.4g}"
        ),
        "aggregate": (
            f"a number of alerts over all conversations, with Laplace noise of scale {1 / noise:.4g}; "
            "no conversation is pointed at"
        ),
    }[policy.release]


def _modelling(policy: Policy) -> str:
    if policy.where == "none" or not policy.reads_to_decide:
        return ""
    people = f" and used by at least {policy.min_people} people" if policy.min_people > 1 else ""
    salted = "salted" if policy.hash_salted else "unsalted"
    features = {
        "private": f"TF-IDF over a vocabulary fitted on private text{people}",
        "hashed": f"{salted} hashes into {2**policy.hash_bits} cells",
        "public": "TF-IDF over a public vocabulary",
    }[policy.features]
    noise = "without noise"
    if policy.training != "plain":
        noise = (
            f"with {policy.training.replace('_', ' ')}, epsilon {policy.training_epsilon:g}, "
            f"at most {policy.people_cap} conversations a person"
        )
    named = policy.fixed_rule.replace("_", " ")
    rule = f"; messages are combined by a fixed rule ({named}), not a fitted one" if named else ""
    return f"{features}, trained {noise}{rule}"
