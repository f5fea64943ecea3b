"""How much of a text the model knows: the column, the line on stderr, and the explanation as JSON."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from classifier.cli.main import main
from classifier.model.message.explain import known_shares
from classifier.model.message.file import load_model, save_model
from classifier.model.message.stage_classifier import fit_message_model
from tests.model_files import points_at
from tests.toy_messages import toy_table


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "toy.safetensors"
    fitted = fit_message_model(toy_table(), min_df=1)
    save_model(
        path, fitted, operating_points=points_at(0.5), corpus_sha256="c", training_families=["a"], seed=0
    )
    return path


def test_the_share_is_of_words_as_written(model):
    texts = ["keep it secret", "SECRET pizza!", "secret zebras", "zebras", "scret pizza", "?!", ""]
    shares = known_shares(load_model(model), texts)
    assert shares[:5].tolist() == [1.0, 1.0, 0.5, 0.0, 0.5]
    assert np.isnan(shares[5:]).all()


def test_what_is_undefined_is_null_in_json(model, tmp_path):
    chat, out = tmp_path / "chat.csv", tmp_path / "scores.jsonl"
    chat.write_text("text\n?!\n")
    assert main(["score", str(chat), "--model", str(model), "--known", "--out", str(out)]) == 0
    assert out.read_text().rstrip().endswith('"known": null}')


@pytest.mark.parametrize("out", ["scores.csv", "scores.jsonl", "scores.parquet"])
def test_the_column_known_comes_last(model, tmp_path, out):
    chat = tmp_path / "chat.csv"
    chat.write_text("conversation_id,author,text\nc,ann,keep it secret\nc,bo,secret zebras\n")
    arguments = ["score", str(chat), "--level", "message", "--model", str(model), "--known"]
    assert main([*arguments, "--tactics", "--out", str(tmp_path / out)]) == 0
    path = tmp_path / out
    if out.endswith(".csv"):
        table = pd.read_csv(path)
    else:
        table = pd.read_json(path, lines=True) if out.endswith(".jsonl") else pd.read_parquet(path)
    assert table.columns[-1] == "known"
    assert table["known"].tolist() == [1.0, 0.5]


def test_a_column_of_that_name_of_the_user_comes_out_beside_it(model, tmp_path, capsys):
    chat = tmp_path / "chat.csv"
    chat.write_text("conversation_id,author,text,known\nc,ann,keep it secret,yes\n")
    out = tmp_path / "scores.csv"
    assert main(["score", str(chat), "--model", str(model), "--known", "--out", str(out)]) == 0
    [row] = pd.read_csv(out).to_dict("records")
    assert (row["input_known"], row["known"]) == ("yes", 1.0)


def written(path, text, n):
    path.write_text("conversation_id,author,text\n" + f"c,ann,{text}\n" * n)
    return str(path)


def test_a_file_in_another_language_is_told(model, tmp_path, capsys):
    german = written(tmp_path / "chat.csv", "wir sehen uns morgen frueh am bahnhof", 40)
    assert main(["score", german, "--model", str(model), "--out", str(tmp_path / "o.csv")]) == 0
    told = capsys.readouterr().err
    assert "of 40 texts looked at, 40 are mostly of words that the model has never seen" in told
    english = written(tmp_path / "chat.csv", "keep it secret ok", 40)
    assert main(["score", english, "--model", str(model), "--out", str(tmp_path / "p.csv")]) == 0
    assert "never seen" not in capsys.readouterr().err


def test_lines_of_the_platform_are_counted(model, tmp_path, capsys):
    chat = written(tmp_path / "chat.csv", "This message was deleted", 3)
    assert main(["score", chat, "--model", str(model), "--out", str(tmp_path / "o.csv")]) == 0
    assert "3 lines of the platform itself were scored 0" in capsys.readouterr().err


def test_an_explanation_as_json_sums_to_the_log_odds(model, capsys):
    arguments = ["score", "keep it secret. zebras!", "--model", str(model), "--explain", "--format", "json"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unknown_words"] == ["zebras"]
    [secrecy] = [label for label in found["labels"] if label["label"] == "secrecy"]
    assert secrecy["passage"] in ("keep it secret. zebras!", "keep it secret.")
    parts = sum(term["value"] for term in secrecy["terms"])
    assert secrecy["intercept"] + parts == pytest.approx(secrecy["log_odds"], abs=1e-9)
    assert 1 / (1 + np.exp(-secrecy["log_odds"])) == pytest.approx(secrecy["probability"], abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["pizza", "--format", "json"], "--format json: is for the explanation of a text"),
        (["chat.csv", "--known", "--level", "conversation"], "--known: is a column of messages"),
    ],
)
def test_what_does_not_go_together_is_refused(model, tmp_path, monkeypatch, capsys, arguments, fault):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "chat.csv", "pizza", 1)
    assert main(["score", *arguments, "--model", str(model)]) == 2
    assert fault in capsys.readouterr().err
