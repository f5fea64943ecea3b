"""Which texts of the checkout are made from results, and what should they say? The model card, and what stands between marks in the READMEs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from classifier.corpus.describe import label_counts, phrase_counts
from classifier.corpus.families import load_families
from classifier.corpus.generator.spec import RELEASES
from classifier.corpus.release import read_corpus, read_manifest
from classifier.errors import InputError
from classifier.evaluation.results import load_evaluation
from classifier.model.message.explain import account
from classifier.model.message.file import load_model
from classifier.model.shipped import shipped_final_model, shipped_model
from classifier.readers.messages import messages_table
from classifier.report.evaluation.card import model_card
from classifier.report.evaluation.summary import corpus_counts, label_shares, main_results, phrase_totals
from classifier.report.markdown import filled, in_markdown

CORPORA = Path("data") / "synthetic"
RESULTS = Path("data") / "results" / "v1"
CARD = Path("classifier") / "model" / "CARD.md"
EXAMPLE = "dont tell your mum about this, its our secret"
MARKED = (Path("README.md"), CORPORA / "README.md")


def blocks(root: Path) -> dict[str, str]:
    """What may stand between marks, by name: tables in Markdown, from the results and the corpora of the checkout at ``root``."""
    corpora = {release: root / CORPORA / release for release in RELEASES}
    messages = {
        release: messages_table([c for part in read_corpus(folder).values() for c in part])
        for release, folder in corpora.items()
    }
    return {
        "main": in_markdown(main_results(load_evaluation(root / RESULTS).tables)),
        "corpora": in_markdown(
            corpus_counts({release: read_manifest(folder) for release, folder in corpora.items()})
        ),
        "labels": in_markdown(
            label_shares({release: label_counts(table) for release, table in messages.items()})
        ),
        "explanation": f'```\n$ grooming-classifier score "{EXAMPLE}" --explain\n{account(load_model(shipped_final_model()), EXAMPLE, explained=True)}\n```',
        "phrases": in_markdown(
            phrase_totals(
                {spec.voice: phrase_counts(load_families(spec.voice)) for spec in RELEASES.values()}
            )
        ),
    }


def card(root: Path) -> str:
    """The model card of the shipped models, from the results of the checkout at ``root``."""
    model = load_model(shipped_model())
    manifests = {release: read_manifest(root / CORPORA / release) for release in RELEASES}
    attack, names = (_table(root / RESULTS / f"{name}.csv") for name in ("attack", "names"))
    final, n_terms = (
        load_model(shipped_final_model()).header,
        sum(len(half.terms) for half in model.feature_groups),
    )
    try:
        return model_card(
            load_evaluation(root / RESULTS),
            model.header,
            manifests,
            attack,
            names,
            final=final,
            n_terms=n_terms,
            n_bytes=shipped_model().stat().st_size,
        )
    except ValueError as error:
        raise InputError(f"{root / RESULTS}: {error}; scripts/release/freeze makes them anew") from None


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such table; scripts/release/freeze makes it")
    return pd.read_csv(path)


def documents(root: Path) -> dict[Path, str]:
    """Every text that is made from results, by its path, as it should read. Raises ``InputError`` when results, model and corpora are not of one another."""
    made = blocks(root)
    texts = {root / CARD: card(root)}
    for path in MARKED:
        try:
            texts[root / path] = filled((root / path).read_text(encoding="utf-8"), made)
        except ValueError as error:
            raise InputError(f"{root / path}: {error}") from None
    return texts
