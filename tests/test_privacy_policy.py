"""Policies: refused settings, TOML files, shipped policies."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from privacy_toys import policy

from classifier.errors import InputError
from classifier.privacy.policies.policy import (
    ANCHORS,
    EVERY_MESSAGE,
    Policy,
    read_policies,
    read_policy,
    shipped_policies,
)
from classifier.privacy.policies.policy_explanation import explain_policy

DEVICE = {"where": "device", "release": "alert_bit"}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (
            {"where": "moon"},
            "where must be one of none, user_report, metadata_trigger, device, server, private_inference, "
            "first_contact, got 'moon'",
        ),
        ({"release": "alert_bit"}, "where = none reads and knows nothing"),
        ({"where": "metadata_trigger"}, "needs conditions in trigger"),
        ({"where": "user_report"}, "needs a report_rate"),
        (
            {"where": "user_report", "report_rate": 0.1, "sampling_rate": 0.5},
            "sampling_rate < 1 do not apply",
        ),
        ({"where": "user_report", "report_rate": 0.1, "evidence": "label"}, "a report is either reviewed"),
        (DEVICE | {"report_rate": 0.1}, "belong to where = user_report"),
        (
            DEVICE | {"evidence": "metadata"},
            "needs conditions in trigger: the default score is the share",
        ),
        (
            DEVICE | {"evidence": "chance", "k_of_n": 2},
            "decides without reading, so k_of_n has nothing to work on",
        ),
        (DEVICE | {"evidence": "chance", "text_trigger": "pizza"}, "so text_trigger has nothing to work on"),
        (DEVICE | {"trigger": ("text == pizza",)}, "a condition on text is a text_trigger"),
        (DEVICE | {"trigger": ("young_contacts >= many",)}, "a comparison and a number"),
        (DEVICE | {"text_trigger": "("}, "is not a regular expression"),
        (DEVICE | {"window": 5}, "a window of 5 messages keeps 5 messages, but retain_messages = 0"),
        (DEVICE | {"retain_messages": 5}, "go together, got 5 and 0"),
        (DEVICE | {"levels": 4}, "takes no levels"),
        (DEVICE | {"redactor": "lexicon"}, "nothing for a redactor to mask"),
        (DEVICE | {"release_epsilon": 1.0}, "takes no release_epsilon"),
        ({"where": "device", "release": "randomised_bit"}, "takes a release_epsilon above 0"),
        ({"where": "device", "release": "quantised_score", "levels": 1}, "takes at least 2 levels"),
        ({"where": "server", "release": "full_transcript"}, "only when every message read is still kept"),
        (
            {"where": "server", "release": "excerpt", "levels": 4, "excerpt_messages": 2},
            "takes retain_messages of at least 3, got 0",
        ),
        (
            {"where": "server", "release": "excerpt", "levels": 4, "evidence": "chance"},
            "without evidence = text no message did",
        ),
        (
            {
                "where": "server",
                "release": "full_transcript",
                "evidence": "metadata",
                "trigger": ("hour >= 20",),
            },
            "has read nothing it could show",
        ),
        (DEVICE | {"features": "hashed"}, "hash_bits belongs to features = hashed"),
        (DEVICE | {"features": "public", "min_people": 5}, "min_people limits a vocabulary"),
        (DEVICE | {"training": "output_perturbation"}, "takes a training_epsilon and a people_cap above 0"),
        (
            DEVICE | {"training": "output_perturbation", "training_epsilon": 1.0, "people_cap": 1},
            "no epsilon can be claimed",
        ),
        (DEVICE | {"sampling_rate": 0.0}, "looks at no conversation"),
        (DEVICE | {"recipient": "nobody"}, "tells somebody, so recipient = nobody cannot be"),
        ({"recipient": "user"}, "release = nothing tells nobody, got recipient = user"),
        (
            {"where": "server", "evidence": "nothing", "release": "full_transcript", "recipient": "user"},
            "recipient = user has the conversation already",
        ),
        ({"where": "private_inference", "release": "alert_bit"}, "seconds_per_message, which must be stated"),
        (DEVICE | {"seconds_per_message": 1.0}, "belongs to where = private_inference"),
        (
            {
                "where": "private_inference",
                "seconds_per_message": 1.0,
                "release": "full_transcript",
                "retain_messages": EVERY_MESSAGE,
                "retain_hours": 1.0,
            },
            "leaves nobody a text",
        ),
        (DEVICE | {"accept_rate": 0.5}, "accept_rate belongs to where = first_contact"),
        (
            DEVICE | {"where": "first_contact", "evidence": "metadata", "trigger": ("known_from == online",)},
            "holds a stranger's first message back",
        ),
        (DEVICE | {"k_of_n": 6}, r"k_of_n must be in \[0, 5\], got 6"),
        (DEVICE | {"threshold": float("nan")}, "threshold must be a number"),
    ],
)
def test_a_combination_that_cannot_be_is_refused_with_its_reason(settings, reason):
    with pytest.raises(ValueError, match=rf"policy 'toy': .*{reason}"):
        policy(**settings)


def test_at_least_twenty_policies_are_shipped_the_anchors_first_each_with_a_plain_line():
    policies = shipped_policies()
    assert len(policies) >= 20
    assert tuple(found.name for found in policies)[: len(ANCHORS)] == ANCHORS
    assert all(found.description.endswith(".") and len(found.description) < 160 for found in policies)


def test_no_two_shipped_policies_are_the_same_but_for_their_names():
    bare = [dataclasses.replace(found, name="x", description="x") for found in shipped_policies()]
    assert len(set(bare)) == len(bare)


def test_a_user_adds_a_policy_as_a_file_named_after_it(tmp_path):
    path = tmp_path / "pizza_watch.toml"
    path.write_text(
        'description = "Keeps all for a day."\nwhere = "server"\nrelease = "full_transcript"\n'
        'retain_messages = "all"\nretain_hours = 24\ntrigger = ["hour >= 20"]\n'
    )
    found = read_policy(path)
    assert found == Policy(
        "pizza_watch",
        "Keeps all for a day.",
        where="server",
        release="full_transcript",
        retain_messages=EVERY_MESSAGE,
        retain_hours=24.0,
        trigger=("hour >= 20",),
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('description = "x"\nwhere = "moon"', "where: Input should be 'none', 'user_report'"),
        (
            'description = "x"\nwindw = 5',
            "unknown setting 'windw'; the settings are name, description, title",
        ),
        ('description = "x"\nwindow = "five"', "window: Input should be a valid integer"),
        ('description = "x"\nwindow = 5', "a window of 5 messages keeps"),
        ("where = ", "not readable as TOML"),
        ('where = "none"', "description: "),
    ],
)
def test_a_policy_file_that_cannot_be_used_names_file_and_reason(tmp_path, content, reason):
    path = tmp_path / "pizza.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=rf"pizza\.toml: .*{reason}"):
        read_policy(path)


def test_two_policies_of_one_name_are_refused(tmp_path):
    paths = [tmp_path / folder / "pizza.toml" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text('description = "x"')
    with pytest.raises(InputError, match="a policy named 'pizza' was already read"):
        read_policies(paths)


def test_a_missing_policy_file_is_one_clear_error():
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read"):
        read_policy(Path("nowhere.toml"))


@pytest.mark.parametrize("shipped", shipped_policies(), ids=lambda shipped: shipped.name)
def test_an_explanation_says_what_is_read_kept_and_released(shipped):
    lines = explain_policy(shipped).splitlines()
    assert lines[0] == f"{shipped.name}: {shipped.description}"
    assert [line.split(":")[0] for line in lines[1:]][:4] == ["Read", "Kept", "Alert", "Released"]
    assert all(line.endswith(".") for line in lines)


def test_the_explanation_of_a_text_trigger_says_that_looking_is_reading():
    assert "looking for it is reading too" in explain_policy(policy(**DEVICE, text_trigger="pizza"))


def test_models_are_told_apart_by_features_and_training():
    keys = {found.name: found.model_key for found in shipped_policies()}
    assert keys["device_alert_bit"] == keys["server_alert_bit"] == "private/plain"
    assert keys["device_dp_epsilon_8"] == "public/objective_perturbation-8-cap1"
    assert keys["device_min_people_10"] == "private-10/plain"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"sampling_rate": 1.5}, r"sampling_rate must be in \[0, 1\], got 1.5"),
        ({"stage_threshold": 1.5}, r"stage_threshold must be in \[0, 1\]"),
        ({"where": "user_report", "report_rate": 1.5}, r"report_rate must be in \[0, 1\]"),
        (
            {"where": "user_report", "report_rate": 0.1, "false_report_rate": 1.5},
            r"false_report_rate must be in \[0, 1\]",
        ),
        (
            {"where": "user_report", "report_rate": 0.1, "false_report_rate": -0.1},
            r"false_report_rate must be in \[0, 1\], got -0.1",
        ),
        (
            {"where": "device", "release": "quantised_score", "levels": 1025},
            r"levels must be in \[0, 1024\], got 1025",
        ),
        ({"excerpt_messages": 101}, r"excerpt_messages must be in \[0, 100\]"),
        ({"release_epsilon": 100.5}, r"release_epsilon must be in \[0, 100\]"),
        ({"retain_messages": EVERY_MESSAGE + 1}, r"retain_messages must be in \[0, 1e\+06\], got 1000001"),
        (
            {"retain_hours": 87_841},
            r"retain_hours must be in \[0, 87840\], got 87841",
        ),  # ten years of 366 days
        ({"min_people": 0}, r"min_people must be in \[1, 1e\+06\], got 0"),
        ({"min_people": 1_000_001}, r"min_people must be in \[1, 1e\+06\], got 1000001"),
        ({"hash_bits": 25}, r"hash_bits must be in \[0, 24\]"),
        ({"training_epsilon": 1000.5}, r"training_epsilon must be in \[0, 1000\]"),
        ({"people_cap": 1_000_001}, r"people_cap must be in \[0, 1e\+06\]"),
        ({"window": -1}, r"window must be in \[0, 1e\+06\], got -1"),
    ],
)
def test_a_number_just_beyond_its_range_is_refused(settings, reason):
    with pytest.raises(ValueError, match=reason):
        policy(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"where": "device", "release": "quantised_score", "levels": 2},
        {"where": "device", "release": "quantised_score", "levels": 1024},
        {"where": "device", "release": "randomised_bit", "release_epsilon": 0.5},
        DEVICE | {"retain_messages": 1, "retain_hours": 0.5},
        DEVICE | {"window": 1, "retain_messages": 1, "retain_hours": 87_840},
        DEVICE | {"sampling_rate": 0.01},
        DEVICE | {"min_people": 2},
        DEVICE | {"features": "hashed", "hash_bits": 1},
        DEVICE | {"features": "hashed", "hash_bits": 24, "hash_salted": True},
        DEVICE
        | {"features": "public", "training": "output_perturbation", "training_epsilon": 0.5, "people_cap": 1},
        DEVICE | {"k_of_n": 5, "stage_threshold": 1.0},
        {"where": "user_report", "report_rate": 1.0, "false_report_rate": 1.0},
        {
            "where": "server",
            "release": "excerpt",
            "levels": 2,
            "excerpt_messages": 1,
            "retain_messages": 2,
            "retain_hours": 1.0,
        },
        {
            "where": "user_report",
            "report_rate": 0.1,
            "release": "excerpt",
            "levels": 2,
            "excerpt_messages": 100,
        },
        {"where": "user_report", "report_rate": 0.1, "release": "full_transcript"},
    ],
)
def test_the_lowest_and_the_highest_value_of_a_setting_are_allowed(settings):
    made = policy(**settings)
    assert {name: getattr(made, name) for name in settings} == settings


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (DEVICE | {"retain_hours": 1.0}, "go together, got 0 and 1"),
        (DEVICE | {"excerpt_messages": 1}, "excerpt_messages belongs to release = excerpt"),
        (DEVICE | {"hash_salted": True}, "hash_salted belongs to features = hashed"),
        (DEVICE | {"hash_bits": 18}, "got features = private and 18 bits"),
        (
            DEVICE | {"features": "public", "training_epsilon": 1.0},
            "training = plain takes no training_epsilon or people_cap",
        ),
        (
            DEVICE | {"features": "public", "people_cap": 1},
            "training = plain takes no training_epsilon or people_cap",
        ),
        (
            DEVICE | {"features": "public", "training": "output_perturbation", "training_epsilon": 1.0},
            "takes a training_epsilon and a people_cap above 0",
        ),
        (
            DEVICE | {"features": "public", "training": "output_perturbation", "people_cap": 1},
            "takes a training_epsilon and a people_cap above 0",
        ),
        (DEVICE | {"false_report_rate": 0.1}, "belong to where = user_report"),
        (
            {"where": "user_report", "report_rate": 0.1, "trigger": ("hour >= 20",)},
            "trigger, text_trigger and sampling_rate < 1 do not apply",
        ),
        (
            {"where": "user_report", "report_rate": 0.1, "text_trigger": "pizza"},
            "trigger, text_trigger and sampling_rate < 1 do not apply",
        ),
        (
            {
                "where": "server",
                "release": "full_transcript",
                "retain_messages": EVERY_MESSAGE - 1,
                "retain_hours": 1.0,
            },
            "only when every message read is still kept",
        ),
        (
            {
                "where": "server",
                "release": "excerpt",
                "levels": 2,
                "excerpt_messages": 2,
                "retain_messages": 2,
                "retain_hours": 1.0,
            },
            "retain_messages of at least 3, got 2",
        ),
        (DEVICE | {"evidence": "chance", "window": 1}, "so window has nothing to work on"),
        (DEVICE | {"evidence": "chance", "fixed_rule": "noisy_or"}, "so fixed_rule has nothing to work on"),
        (
            DEVICE | {"evidence": "label", "retain_messages": 1, "retain_hours": 1.0},
            "so retain_messages has nothing to work on",
        ),
    ],
)
def test_a_setting_without_the_one_it_needs_is_refused(settings, reason):
    with pytest.raises(ValueError, match=reason):
        policy(**settings)


@pytest.mark.parametrize("description", ["", "Two\nlines."])
def test_a_description_is_one_line(description):
    with pytest.raises(ValueError, match="policy 'pizza': description must be one line"):
        Policy("pizza", description)


@pytest.mark.parametrize("name", ["", "Pizza", "pizza watch", "pizza-watch"])
def test_a_name_is_lower_case_letters_digits_and_underscores(name):
    with pytest.raises(ValueError, match="name must be lower-case letters, digits and _"):
        Policy(name, "A toy.")


SHIPPED = {found.name: found for found in shipped_policies()}


@pytest.mark.parametrize(
    ("name", "tunable", "shows_text"),
    [
        ("read_nothing", False, False),
        ("device_aggregate_only", True, False),
        ("device_alert_bit", True, False),
        ("device_randomised_bit", True, False),
        ("metadata_only", True, False),
        ("random_flag", True, True),
        ("flag_all", False, True),
        ("oracle", False, False),
        ("server_redacted_excerpt", True, True),
        ("device_tells_user", True, False),
        ("private_inference", True, False),
        ("first_contact", False, False),
    ],
)
def test_whether_a_threshold_matters_and_whether_a_person_sees_text(name, tunable, shows_text):
    assert (SHIPPED[name].tunable, SHIPPED[name].shows_text) == (tunable, shows_text)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"min_people": 2}, "private-2/plain"),
        ({"features": "public"}, "public/plain"),
        ({"features": "hashed", "hash_bits": 18, "hash_salted": True}, "hashed-18-salted/plain"),
        (
            {
                "features": "public",
                "training": "output_perturbation",
                "training_epsilon": 0.5,
                "people_cap": 3,
            },
            "public/output_perturbation-0.5-cap3",
        ),
    ],
)
def test_the_model_key_names_features_and_training(settings, key):
    assert policy(**DEVICE, **settings).model_key == key


def test_a_file_may_give_its_policy_another_name(tmp_path):
    path = tmp_path / "pizza.toml"
    path.write_text('name = "toast"\ndescription = "x"')
    assert read_policy(path).name == "toast"


def test_policies_are_read_in_the_order_of_their_files(tmp_path):
    paths = [tmp_path / f"{name}.toml" for name in ("pizza", "apple")]
    for path in paths:
        path.write_text('description = "x"')
    assert [found.name for found in read_policies(paths)] == ["pizza", "apple"]


def test_after_the_anchors_the_shipped_policies_are_sorted_by_name():
    names = [found.name for found in shipped_policies()][len(ANCHORS) :]
    assert names == sorted(names)
    assert names[0] == "device_aggregate_only"


def test_a_value_that_is_not_among_the_choices_is_named(tmp_path):
    path = tmp_path / "phone.toml"
    path.write_text('description = "A toy."\nwhere = "phone"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"phone\.toml: where: Input should be 'none', .*, got 'phone'$"):
        read_policy(path)
