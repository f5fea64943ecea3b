"""``grooming-classifier tradeoff``: policies of reading messages in, what each costs the innocent and what it finds out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classifier.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from classifier.model.monitor import Monitor
    from classifier.model.pattern import PatternModel
    from classifier.privacy.policy import Policy
    from classifier.privacy.scorer import Scorer
    from classifier.privacy.stream import MessageScores, Numbers
    from classifier.records import Conversation

DEFAULT_CONSTRAINT = "human_read_innocent_per_million<=50"

OWN_MODEL = "private/plain"
"""The ``Policy.model_key`` of the stage model: TF-IDF terms of private text, trained without noise."""

VARIANT_MESSAGES = 30_000
"""How many messages the plain variants are fitted on: enough to compare them, and a minute in all."""

METRICS = (
    "human_read_innocent_per_million",
    "machine_read_share",
    "machine_read_conversations",
    "human_read_messages",
    "pii_people_exposed_per_1000",
    "pii_items_exposed_per_1000",
    "retained_message_hours",
    "innocent_messages_read",
    "false_positive_rate",
    "recall",
    "median_messages_to_alert",
)
"""What a constraint may speak of, so that a misspelt one is refused before the long part of the work."""


@dataclass(frozen=True)
class Watched:
    """The text head of the pattern model as a policy runs it: a ``Monitor`` for a state, which holds whole numbers per author and no message."""

    model: PatternModel

    def __call__(self, rows: Numbers, authors: Sequence[str]) -> float:
        """The score of these rows."""
        from classifier.model.pattern import score_conversation

        return score_conversation(self.model, rows, authors)

    def start(self) -> Monitor:
        """A monitor that has seen nothing."""
        from classifier.model.monitor import Monitor

        return Monitor(self.model)

    def update(self, state: Monitor, row: Numbers, author: str) -> Monitor:
        """The same monitor after one more message."""
        state.update(author, row)
        return state

    def score(self, state: Monitor) -> float:
        """The score of the messages so far."""
        return state.score


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file. Default: the one scripts/run made, else the small one shipped.")
@click.option("--policies", type=click.Path(path_type=Path), multiple=True, help="A policy (.toml) or a folder of them; may be given again. Default: those shipped.")
@click.option(
    "--prevalence", type=click.FloatRange(0, 1, min_open=True, max_open=True), multiple=True, help="Supposed share of patterns; may be given again. Default: 1e-2 to 1e-6."
)
@click.option("--constraint", multiple=True, default=(DEFAULT_CONSTRAINT,), show_default=True, help="A limit to keep, metric<=number or metric>=number; may be given again.")
@click.option("--scores", type=click.Path(path_type=Path, dir_okay=False), help="Message scores of an outside model instead of --model: see below.")
@click.option("--variants/--no-variants", default=True, show_default=True, help="Fit the models of hashed, public and noisy policies too; without, these are skipped.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes. The result does not depend on their number.")
@click.option("--resamples", type=click.IntRange(min=20), default=1000, show_default=True, help="Bootstrap resamples of phrase families.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of every draw: samples of conversations, assumed reports, flipped bits, bootstrap.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write tradeoff.html, tradeoff.json and its tables into.")
def tradeoff(
    corpus: Path,
    model_path: Path | None,
    policies: tuple[Path, ...],
    prevalence: tuple[float, ...],
    constraint: tuple[str, ...],
    scores: Path | None,
    variants: bool,
    jobs: int,
    resamples: int,
    seed: int,
    out: Path,
) -> None:
    """Compare policies of reading messages: what each finds, and what it costs people who did nothing.

    Thresholds are chosen on the validation split; every figure is of the test split. It prints no balance score and picks no winner. Models of
    hashed terms, of terms many people use, of the public word list and of added noise are fitted on the train split; a policy whose model is not there is listed
    as skipped, with the reason. Nothing is written until all is done.

    The CSV of --scores has a row a message of the validation and test conversations, in their order, with conversation_id, author, and either one column "score"
    or one a label, in [0, 1], as 'score --level message --out' writes it. Labels of conversations come from CORPUS.

    \b
    Example:
      grooming-classifier tradeoff data/synthetic/v1 --constraint "human_read_innocent_per_million<=50" --out results/tradeoff
    """
    from classifier.cli.patterns import leading_families
    from classifier.cli.progress import say
    from classifier.corpus.release import content_hash, read_corpus
    from classifier.evaluation.baserates import PREVALENCES
    from classifier.evaluation.record import Evaluation
    from classifier.privacy.constraint import feasible_points
    from classifier.privacy.frontier import compare_policies
    from classifier.privacy.policy import shipped_policies
    from classifier.privacy.scorer import Scorer
    from classifier.privacy.stream import MessageScores, streams_of

    _check_constraints(constraint)
    if scores is not None and model_path is not None:
        raise InputError("--scores stands in for a model, so --model cannot be given beside it")
    if (out / "evaluation.json").exists():
        raise InputError(f"{out}: holds an evaluation, whose tables would be mixed with these; name another folder")
    chosen = _read_policies(policies) if policies else shipped_policies()
    parts = read_corpus(corpus)
    for split in ("validation", "test"):
        if not parts[split]:
            raise InputError(f"{corpus}: has no {split} conversations; thresholds are chosen on validation and measured on test, so both are needed")
    validation, test = (streams_of(parts[split], clusters=leading_families(parts[split]).tolist()) for split in ("validation", "test"))
    both = [*parts["validation"], *parts["test"]]
    if scores is None:
        scorer, model_facts = _own_scorer(model_path, both)
    else:
        scorer, model_facts = Scorer(_outside_scores(scores, both)), {"model": f"message scores of an outside model, combined by noisy-or; it stands in for model {OWN_MODEL!r}"}
    assert isinstance(scorer.messages, MessageScores)
    scorers = {OWN_MODEL: scorer}
    if variants and scores is None:
        scorers |= _variant_scorers({policy.model_key for policy in chosen} - {OWN_MODEL}, parts["train"], seed=seed)
    say(f"running {len(chosen)} policies and the anchors")
    try:
        frontier = compare_policies(chosen, validation, test, scorers, prevalences=prevalence or PREVALENCES, n_resamples=resamples, seed=seed, n_jobs=jobs)
    except ValueError as error:
        raise InputError(f"the policies cannot be compared on {corpus}: {error}") from None
    answers = feasible_points(frontier, constraint)
    first = parts["test"][0]
    facts = {
        "corpus": f"{first.corpus}, version {first.version}",
        "corpus_sha256": content_hash(parts),
        "split": "thresholds from validation, figures from test: phrase families and accounts that stand in neither train nor validation",
        "constraints": list(constraint),
    }
    _save(Evaluation(frontier.facts | facts | model_facts, frontier.tables | {"constraints": answers}), out)
    statuses = frontier.points["status"].value_counts()
    click.echo(
        f"{out}: {len(frontier.points)} points of {frontier.points['policy'].nunique()} policies, {statuses.get('dominated', 0)} of them dominated, {_skipped_words(frontier.skipped)}"
    )
    for line in constraint_lines(answers):
        click.echo(line)


def _check_constraints(constraints: Sequence[str]) -> None:
    from classifier.privacy.constraint import parse_constraint

    for text in constraints:
        try:
            metric = parse_constraint(text).metric
        except ValueError as error:
            raise InputError(str(error)) from None
        if metric not in METRICS:
            raise InputError(f"constraint {text!r}: no such metric, expected one of {', '.join(METRICS)}")


def _read_policies(paths: Sequence[Path]) -> tuple[Policy, ...]:
    from classifier.privacy.policy import read_policies

    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise InputError(f"{path}: holds no policy; a policy is a .toml file")
        files += found
    return read_policies(files)


def _own_scorer(model_path: Path | None, conversations: Sequence[Conversation]) -> tuple[Any, dict[str, Any]]:
    """The stage model for messages and its pattern model for conversations, and what to note of them."""
    from classifier.cli.models import find_model, pattern_path
    from classifier.cli.patterns import message_probabilities
    from classifier.cli.progress import say
    from classifier.model.file import load_model, load_pipeline
    from classifier.model.pattern_file import load_pattern
    from classifier.privacy.scorer import Scorer
    from classifier.privacy.stream import MessageScores

    path = find_model(model_path)
    stage_model = load_model(path)
    pattern = load_pattern(pattern_path(path, "text"))
    say("scoring messages")
    rows = dict(zip((conversation.id for conversation in conversations), message_probabilities(load_pipeline(path), conversations), strict=True))
    model_facts = {"model": "the stage model for messages, the text head of its pattern model for conversations", "model_sha256": stage_model.header["sha256"]}
    return Scorer(MessageScores(rows), Watched(pattern)), model_facts


def _variant_scorers(keys: Collection[str], train: Sequence[Conversation], *, seed: int) -> dict[str, Scorer]:
    """A scorer for each way of building a model that a policy asks for and the privacy report knows, its conversations scored by noisy-or.

    Plain ones are fitted on at most ``VARIANT_MESSAGES`` messages, drawn with ``seed``. Noisy ones are fitted on conversations, the unit that their promise is about.
    """
    from functools import partial

    from classifier.cli.progress import say
    from classifier.model.normalise import normalise
    from classifier.model.pipeline import scored_once
    from classifier.privacy.attack import membership_documents
    from classifier.privacy.scorer import Scorer
    from classifier.privacy.variants import salt_of, standard_variants

    known = standard_variants(salt=salt_of(seed), prepare=normalise)
    wanted = sorted(key for key in keys if key in known)
    if not wanted or not train:
        return {}
    messages = membership_documents(train, unit="message", seed=seed)
    messages = messages.sample(min(VARIANT_MESSAGES, len(messages)), random_state=seed)
    conversations = membership_documents(train, unit="conversation", seed=seed)
    scorers = {}
    for key in wanted:
        say(f"fitting {key}")
        opened = known[key](messages if key.endswith("/plain") else conversations, seed)
        scorers[key] = Scorer(partial(scored_once, opened.probabilities))
    return scorers


def _outside_scores(path: Path, conversations: Sequence[Conversation]) -> MessageScores:
    """An outside model's scores of these conversations. Raises ``InputError`` when a message has none, or the authors are others."""
    import pandas as pd

    from classifier.privacy.stream import streams_from_scores

    table = _read_scores(path)
    known = {conversation.id: conversation for conversation in conversations}
    table = table[table["conversation_id"].isin(known)]
    written = {str(id_): authors.tolist() for id_, authors in table.groupby("conversation_id", sort=False)["author"]}
    for conversation in conversations:
        authors = [message.author for message in conversation.messages]
        if conversation.id not in written:
            raise InputError(f"{path}: no scores of conversation {conversation.id!r}; every validation and test conversation needs them")
        if written[conversation.id] != authors:
            got = written[conversation.id]
            raise InputError(
                f"{path}: conversation {conversation.id!r} has {len(authors)} messages in the corpus and {len(got)} here, or they are by other authors or in another order"
            )
    labels = pd.Series({id_: conversation.label for id_, conversation in known.items()})
    table = table.assign(index=table.groupby("conversation_id").cumcount(), label=table["conversation_id"].map(labels))
    try:
        return streams_from_scores(table)[1]
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _read_scores(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype={"conversation_id": str, "author": str}, keep_default_na=False, na_values={"score": [""]})
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # which pandas' own parser errors and UnicodeDecodeError are
        raise InputError(f"{path}: not readable as CSV: {error}") from None
    if missing := [name for name in ("conversation_id", "author") if name not in table]:
        raise InputError(f"{path}: no column {missing[0]!r} in the header")
    return table.sort_values(["conversation_id", "index"], kind="stable") if "index" in table else table


def _save(evaluation: Any, out: Path) -> None:
    """All files beside their place first, then each renamed into it, ``tradeoff.json`` last: an interrupted run leaves the old ones or nothing."""
    from classifier.atomic import write_bytes
    from classifier.evaluation.record import load_evaluation
    from classifier.report.tradeoff import tradeoff_page

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tradeoff.", dir=out) as name:
        beside = Path(name)
        evaluation.save(beside)
        # Drawn from what was written, so that page and tables cannot differ.
        write_bytes(beside / "tradeoff.html", tradeoff_page(load_evaluation(beside)).encode("utf-8"))
        for file in sorted(beside.iterdir(), key=lambda file: (file.name == "evaluation.json", file.name)):
            os.replace(file, out / ("tradeoff.json" if file.name == "evaluation.json" else file.name))


def _skipped_words(skipped: pd.DataFrame) -> str:
    whole = skipped[skipped["asked_rate"].isna()]
    return f"{len(whole)} policies and {len(skipped) - len(whole)} thresholds skipped (skipped.csv says why)"


def constraint_lines(answers: pd.DataFrame) -> list[str]:
    """What to tell a user of each constraint: how many points the test set supports, else how many test conversations it would take."""
    lines = []
    for constraint, rows in answers.groupby("constraint", sort=False):
        counts = rows["verdict"].value_counts()
        supported = rows[rows["verdict"] == "supported"]
        lines.append(f"{constraint}, at 95 %: {len(supported)} points supported, {counts.get('not shown', 0)} kept but not shown, {counts.get('violated', 0)} violated")
        lines += [f"  {row['point']}: {row['value']:.4g}, bound {row['bound']:.4g}" for row in supported.to_dict("records")]
        kept = rows[rows["verdict"] == "not shown"]
        if supported.empty and (rows["needed_error_free"] > 0).any():
            lines.append(
                f"  no point can be shown to keep it on {rows['n'].iloc[0]:,.0f} test conversations: it takes {rows['needed_error_free'].iloc[0]:,.0f} without a single event"
            )
            lines += [f"  {row['point']}: {row['value']:.4g} seen, {row['needed_at_this_rate']:,.0f} conversations needed at this rate" for row in kept.to_dict("records")]
    if answers["constraint"].nunique() > 1:
        together = answers.loc[answers["feasible"], "point"].drop_duplicates().tolist()
        lines.append(f"all constraints together: {', '.join(together) or 'no point'}")
    return lines
