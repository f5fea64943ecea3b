"""The labels: five stages, two auxiliary cues, and their tactics.

The stages are red flags for adults to recognise, not a theory of how a conversation proceeds: they
overlap, repeat and come in any order, so a message carries any number of them and no code rewards an
order. A label marks a behaviour shown by the words of one message, whoever writes it.
"""

from __future__ import annotations

STAGE_TACTICS: dict[str, tuple[str, ...]] = {
    "flattery": (
        "appearance_compliment",
        "talent_compliment",
        "maturity_compliment",
        "affirmation",
        "gift_offer",
        "romantic_attention",
    ),
    "isolation": (
        "probing_troubles",
        "against_family",
        "against_friends",
        "exclusivity",
        "discouraging_help",
        "guilt_dependence",
    ),
    "info_request": (
        "name_age_year",
        "home_school_area",
        "routine_at_home",
        "family_friends_names",
        "contact_account",
        "photo_video",
        "device_supervision",
    ),
    "secrecy": (
        "between_us",
        "hide_delete",
        "other_channel",
        "cover_story",
        "reading_along",
        "downplaying",
    ),
    "meeting": (
        "propose_meeting",
        "time_place",
        "transport_visit",
        "coming_alone",
        "online_to_real",
    ),
}
"""Each stage and its tactics: finer tags, each with phrase families of its own."""

CUE_TACTICS: dict[str, tuple[str, ...]] = {
    "false_affinity": ("same_place", "mutual_friends", "same_interests"),
    "pressure": ("insisting", "guilt_pressure", "ultimatum"),
}
"""Two auxiliary cues, reported apart and never inside a five-stage average."""

STAGES: tuple[str, ...] = tuple(STAGE_TACTICS)
CUES: tuple[str, ...] = tuple(CUE_TACTICS)
LABELS: tuple[str, ...] = STAGES + CUES
"""The order of every probability column and every weight row."""

TACTICS: dict[str, str] = {
    tactic: label for label, tactics in (STAGE_TACTICS | CUE_TACTICS).items() for tactic in tactics
}
"""The label each tactic belongs to."""

COLUMNS: tuple[str, ...] = (*LABELS, *(f"{label}.{tactic}" for tactic, label in TACTICS.items()))
"""What a message model scores: each label, then each tactic as ``label.tactic``."""

PATTERN = "grooming_pattern"
BENIGN = "benign"
CONVERSATION_LABELS: tuple[str, ...] = (BENIGN, PATTERN)
"""What the generator scripted a whole exchange to be. It cannot be read off one message."""
