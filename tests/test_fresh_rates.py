"""The stored rates on fresh conversations: of the released model, and of as many conversations as promised."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from classifier.model.conversation.file import load_conversation_model
from classifier.model.message.file import load_model
from classifier.model.shipped_models import conversation_model_path, train_split_model

FRESH = Path(__file__).parent.parent / "data" / "results" / "v2" / "fresh.csv"


@pytest.fixture(scope="module")
def alarms():
    table = pd.read_csv(FRESH)
    return table[table["figure"] == "false_positive_rate"].set_index("set")


def test_the_rates_are_of_the_released_model_at_its_alert_threshold(alarms):
    model = train_split_model()
    assert set(alarms["model_sha256"]) == {load_model(model).header["sha256"]}
    threshold = load_conversation_model(conversation_model_path(model)).alert_threshold
    assert alarms["alert_threshold"].tolist() == pytest.approx([threshold] * 2, rel=1e-9)


def test_thirty_thousand_benign_conversations_of_each_voice_were_scored(alarms):
    assert alarms["n"].min() >= 30_000


def test_the_asked_rate_of_one_percent_lies_within_the_interval_or_above_it(alarms):
    assert (alarms["low"] <= 0.01).all()
