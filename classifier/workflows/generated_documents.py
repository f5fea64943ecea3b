"""Documents made from results: the model card and parts of READMEs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pandas as pd

from classifier.corpus.corpus_folder import MESSAGES, read_corpus, read_manifest
from classifier.corpus.describe import dialogue_counts, label_counts, phrase_counts
from classifier.corpus.dialogues import load_dialogues
from classifier.corpus.families import load_families
from classifier.corpus.generator.corpus_spec import RELEASES
from classifier.errors import InputError
from classifier.evaluation.saved_results import load_evaluation
from classifier.model.message.explain import scores_as_text
from classifier.model.message.file import load_model
from classifier.model.shipped_models import shipped_model, train_split_model
from classifier.readers.messages_table import messages_table
from classifier.readers.phrases_jsonl import read_phrase_messages
from classifier.readers.rows.row_files import open_rows
from classifier.report.evaluation.model_card import model_card
from classifier.report.evaluation.readme_tables import known_limits, short_results
from classifier.report.evaluation.summary_tables import (
    corpus_counts,
    dialogue_totals,
    label_shares,
    phrase_totals,
)
from classifier.report.markdown import fill_blocks, markdown_table
from classifier.workflows.scoring.scoring_plan import ScoringPlan
from classifier.workflows.scoring.scoring_run import score_to_stream

CORPORA = Path("data") / "synthetic"
RESULTS = Path("data") / "results" / "v2"
CARD = Path("classifier") / "model" / "CARD.md"
EXAMPLE = "dont tell your mum about this, its our secret"
CHAT = CORPORA / "examples" / "chat.csv"
MARKED = (Path("README.md"), CORPORA / "README.md", Path("docs") / "score_my_data.md")
"""Documents with generated blocks between marks."""


def blocks(root: Path) -> dict[str, str]:
    """The generated blocks of READMEs, by name, as Markdown.

    They come from the results and the corpora of the checkout at ``root``.
    """
    folders = {release: root / CORPORA / release for release in RELEASES}
    manifests = {release: read_manifest(folder) for release, folder in folders.items()}
    labels = {release: label_counts(_all_messages(folder)) for release, folder in folders.items()}
    dialogues = {
        spec.voice: dialogue_counts(load_dialogues(spec.voice)).set_index("what")["count"]
        for spec in RELEASES.values()
    }
    scores = scores_as_text(load_model(shipped_model()), EXAMPLE, explained=True)
    evaluation = load_evaluation(root / RESULTS)
    of_limits = [_table(root / RESULTS / f"{name}.csv") for name in ("names", "attack", "coverage", "fresh")]
    chat = _of_shipped(root / RESULTS / "real_benign_shipped.csv")
    return {
        "short": markdown_table(short_results(evaluation.tables, shipped_figures(root))),
        "limits": markdown_table(known_limits(evaluation.tables, *of_limits, chat=chat)),
        "chat": (
            f"```\n$ grooming-classifier score {CHAT.as_posix()} --level conversation\n"
            f"{_scored_conversations(root / CHAT)}```\n"
        ),
        "corpora": markdown_table(corpus_counts(manifests)),
        "labels": markdown_table(label_shares(labels)),
        "explanation": f'```\n$ grooming-classifier score "{EXAMPLE}" --explain\n{scores}\n```',
        "phrases": markdown_table(phrase_totals(phrase_counts(load_families()))),
        "dialogues": markdown_table(dialogue_totals(dialogues)),
    }


def shipped_figures(root: Path) -> pd.DataFrame:
    """What ``scripts/release/measure_shipped`` wrote of the model that ``score`` uses.

    Columns: ``figure``, ``value``, ``low``, ``high``, ``hits``, ``n``, ``model_sha256``. Raises
    ``InputError`` when there is none in the checkout at ``root``, or when it is of another model.
    """
    return _of_shipped(root / RESULTS / "shipped.csv")


def _of_shipped(path: Path) -> pd.DataFrame:
    """A table of figures of the model that ``score`` uses. Raises ``InputError`` for those of another."""
    table = _table(path)
    if set(table["model_sha256"]) != {load_model(shipped_model()).header["sha256"]}:
        raise InputError(f"{path}: is of another model than the shipped one; scripts/release/freeze makes it")
    return table


def _scored_conversations(path: Path) -> str:
    """What ``score --level conversation`` prints of a file."""
    stream = BytesIO()
    plan = ScoringPlan(open_rows(path), "conversation", "csv")
    score_to_stream(plan, shipped_model(), stream, jobs=1, say=lambda _: None)
    return stream.getvalue().decode("utf-8")


def _all_messages(folder: Path) -> pd.DataFrame:
    splits = read_corpus(folder).values()
    return messages_table([conversation for split in splits for conversation in split])


def card(root: Path) -> str:
    """The model card of the shipped models.

    Its figures come from the results of the checkout at ``root``. Raises ``InputError`` when results, models
    and corpora do not belong together.
    """
    model, final = load_model(train_split_model()), load_model(shipped_model())
    manifests = {release: read_manifest(root / CORPORA / release) for release in RELEASES}
    attack, names, coverage = (
        _table(root / RESULTS / f"{name}.csv") for name in ("attack", "names", "coverage")
    )
    try:
        return model_card(
            load_evaluation(root / RESULTS),
            model.header,
            manifests,
            attack,
            names,
            coverage,
            read_phrase_messages(root / CORPORA / "v2" / MESSAGES),
            final=final.header,
            n_terms=sum(len(group.terms) for group in model.feature_groups),
            n_bytes=train_split_model().stat().st_size,
        )
    except ValueError as error:
        raise InputError(f"{root / RESULTS}: {error}; scripts/release/freeze makes them anew") from None


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such table; scripts/release/freeze makes it")
    return pd.read_csv(path)


def documents(root: Path) -> dict[Path, str]:
    """The expected text of every generated document, by its path.

    Raises ``InputError`` when results, model and corpora do not belong together.
    """
    made = blocks(root)
    texts = {root / CARD: card(root)}
    for path in MARKED:
        try:
            texts[root / path] = fill_blocks((root / path).read_text(encoding="utf-8"), made)
        except ValueError as error:
            raise InputError(f"{root / path}: {error}") from None
    return texts
