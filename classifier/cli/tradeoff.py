"""``grooming-classifier tradeoff``: what reading policies find and cost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from classifier.cli.options import (
    CORPUS,
    JOBS,
    RESAMPLES,
    TRAIN_SPLIT_MODEL,
    FiniteRange,
    out_folder,
    require_paths,
    seed_of,
)
from classifier.errors import InputError
from classifier.privacy.constraints.constraint import DEFAULT_CONSTRAINT

if TYPE_CHECKING:
    import pandas as pd

    from classifier.evaluation.saved_results import Evaluation
    from classifier.privacy.policies.policy import Policy
    from classifier.privacy.tradeoff.finished_policies import FinishedPolicies
    from classifier.workflows.tradeoff.tradeoff_inputs import Material

PARTS = "parts"
"""The folder inside --out of what is done already."""

QUICK_CONVERSATIONS = 500
QUICK_RESAMPLES = 200
"""What --quick keeps of either split, drawn by lot, and of the resamples."""

DECIDING_ROOMS = ("cli", "corpus", "evaluation", "model", "privacy", "readers", "workflows")
"""Where a change may change a figure; what only draws may change without."""


@click.command()
@CORPUS
@TRAIN_SPLIT_MODEL
@click.option(
    "--policies",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A policy (.toml) or a folder of them; may be given again. Default: those shipped.",
)
@click.option(
    "--prevalence",
    type=FiniteRange(0, 1, min_open=True, max_open=True),
    multiple=True,
    help="Supposed share of patterns; may be given again. Default: 1e-2 to 1e-6.",
)
@click.option(
    "--constraint",
    multiple=True,
    default=(DEFAULT_CONSTRAINT,),
    show_default=True,
    help="A limit to keep, metric<=number or metric>=number; may be given again.",
)
@click.option(
    "--scores",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A CSV of your own classifier's scores of messages, instead of --model; described above.",
)
@click.option(
    "--conversation-scores",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A CSV of your own classifier's scores of conversations, instead; described above.",
)
@click.option(
    "--variants/--no-variants",
    default=True,
    show_default=True,
    help="Fit the models that some policies need (public words, words of many people, noise) too. Without, "
    "these policies are skipped, which is much quicker.",
)
@click.option(
    "--attack",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What 'privacy attack' wrote: what each model file gives away. Without, no model is credited.",
)
@click.option(
    "--curve",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What 'privacy curve' wrote, to stand in the report.",
)
@click.option(
    "--assume",
    multiple=True,
    help="An assumed number, name=number; may be given again: of the reviewer (true_positive_rate, "
    "false_positive_rate, minutes_per_item, items_per_hour, rested_items_per_hour, fatigue, appeal_rate, "
    "upheld_rate, minutes_per_appeal) or a slider that is 0 unless set (evasion, chilling, function_creep).",
)
@click.option(
    "--quick",
    is_flag=True,
    help=f"A first look: at most {QUICK_CONVERSATIONS} conversations a split, {QUICK_RESAMPLES} "
    "resamples, and no variants.",
)
@JOBS
@RESAMPLES
@seed_of("every draw: samples of conversations, assumed reports, flipped bits, bootstrap")
@out_folder("The folder to write tradeoff.html, tradeoff.json and its tables into.")
def tradeoff(
    corpus: Path,
    model_path: Path | None,
    policies: tuple[Path, ...],
    prevalence: tuple[float, ...],
    constraint: tuple[str, ...],
    scores: Path | None,
    conversation_scores: Path | None,
    variants: bool,
    attack: Path | None,
    curve: Path | None,
    assume: tuple[str, ...],
    quick: bool,
    jobs: int,
    resamples: int,
    seed: int,
    out: Path,
) -> None:
    """Compare reading policies: what each finds, and what it costs people who did nothing.

    Writes a report (tradeoff.html), tradeoff.json and one CSV per table into OUT, and prints a line for
    each --constraint: which points keep it. Thresholds are chosen on the validation split; every figure is
    of the test split. There is no overall score and no winner. An alert is for a person to review.

    Models of the public word list, of terms many people use and of added noise are fitted on the train
    split; a policy whose model is missing is listed as skipped, with the reason.

    What is done is kept in OUT/parts: the same command, called again after an interruption, goes on
    from there and comes to the same bytes. The reports and tables appear together at the end. The parts
    may be deleted at any time.

    The CSV of --scores has a row a message of the validation and test conversations, in their order,
    with conversation_id, author, and either one column "score" or one a label, in [0, 1], as 'score
    --level message --out' writes it. Labels of conversations come from CORPUS. With labels, and rows of
    train conversations by a model that did not see their lines, a conversation model is fitted on what
    columns of labels and tactics there are; otherwise messages are combined by stage maxima.

    The CSV of --conversation-scores has conversation_id and score, in [0, 1], of every validation and
    test conversation. Such a score rests on all messages, so alerts come at the last one, and policies
    that read a part of a conversation are skipped.

    \b
    Examples:
      grooming-classifier tradeoff data/synthetic/v2 --quick --out results/first_look
      grooming-classifier tradeoff data/synthetic/v2 --constraint "recall>=0.2" --out results/tradeoff
      grooming-classifier tradeoff data/synthetic/v2 --policies my_policy.toml --out results/mine
    """
    from classifier.evaluation.base_rates import PREVALENCES
    from classifier.evaluation.saved_results import Evaluation
    from classifier.model.message.file import load_model
    from classifier.model.shipped_models import require_unseen
    from classifier.privacy.attacks.strongest_attack import model_leaks
    from classifier.privacy.constraints.constraint import check_constraints
    from classifier.privacy.constraints.feasibility import constraint_lines, feasible_points
    from classifier.privacy.tradeoff.frontier import compare_policies
    from classifier.progress import progress_bar, say
    from classifier.workflows.tradeoff.question_tables import (
        assumption_facts,
        parsed_assumptions,
        question_tables,
    )
    from classifier.workflows.tradeoff.score_sources import find_sources, make_scorers
    from classifier.workflows.tradeoff.tradeoff_inputs import read_leaks, read_material

    _require_one_source(model_path, scores, conversation_scores)
    require_paths(*policies, scores, conversation_scores, attack, curve, model=model_path)
    check_constraints(constraint)
    reviewer, sliders = parsed_assumptions(assume)
    if (out / "evaluation.json").exists():
        raise InputError(
            f"{out}: holds an evaluation, whose tables would be mixed with these; name another folder"
        )
    chosen = _chosen_policies(policies)
    variants, resamples = variants and not quick, min(resamples, QUICK_RESAMPLES) if quick else resamples
    sources = find_sources(
        model_path,
        scores,
        conversation_scores,
        keys={policy.model_key for policy in chosen},
        variants=variants,
        seed=seed,
    )
    if sources.model is not None:
        require_unseen(sources.model, load_model(sources.model).header)
    material = read_material(corpus, at_most=QUICK_CONVERSATIONS if quick else None, seed=seed)
    facts, tables = read_leaks(attack, curve, material.sha256)
    finished = _finished_policies(out, material, sources.depends_on, seed)
    with resumable(finished):
        scorers = make_scorers(
            sources,
            material.train,
            material.scored,
            [*material.validation, *material.test],
            finished=finished,
            seed=seed,
        )
        say(f"running {len(chosen)} policies and the anchors")
        try:
            frontier = compare_policies(
                chosen,
                material.validation,
                material.test,
                scorers,
                prevalences=prevalence or PREVALENCES,
                model_leak=model_leaks(tables["attacks"]) if attack else {},
                n_resamples=resamples,
                seed=seed,
                n_jobs=jobs,
                cache=finished.operating_points,
                progress=progress_bar,
            )
        except ValueError as error:
            raise InputError(f"the policies cannot be compared on {corpus}: {error}") from None
    answers = feasible_points(frontier, constraint)
    say("groups, assumptions and review")
    tables |= question_tables(
        frontier,
        material.tested,
        material.test,
        reviewer=reviewer,
        sliders=sliders,
        prevalences=prevalence or PREVALENCES,
        n_resamples=resamples,
        seed=seed,
    )
    facts |= assumption_facts(reviewer, sliders)
    facts |= frontier.facts | material.facts | sources.facts | {"constraints": list(constraint)}
    _save(Evaluation(facts, frontier.tables | tables | {"constraints": answers}), out)
    click.echo(_summary(out, frontier.points, frontier.skipped))
    for line in constraint_lines(answers):
        click.echo(line)


def _require_one_source(
    model_path: Path | None, scores: Path | None, conversation_scores: Path | None
) -> None:
    named = {"--scores": scores, "--conversation-scores": conversation_scores, "--model": model_path}
    given = [option for option, path in named.items() if path is not None]
    if len(given) > 1:
        raise InputError(f"{given[0]} stands in for a model, so {given[1]} cannot be given beside it")


def _chosen_policies(paths: Sequence[Path]) -> tuple[Policy, ...]:
    """The policies of files and folders; those shipped when none is named."""
    from classifier.privacy.policies.policy import Policy, read_policies, shipped_policies

    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not found:
            raise InputError(f"{path}: holds no policy; a policy is a .toml file")
        files += found
    if not files:
        return shipped_policies()
    policies = read_policies(files)
    for policy in policies:
        if policy.tunable and policy.threshold != Policy.threshold:
            unused = f"{policy.name}: its threshold of {policy.threshold:g} is not used"
            click.echo(f"{unused}; thresholds are chosen on validation", err=True)
    return policies


def _finished_policies(out: Path, material: Material, made_of: dict[str, Any], seed: int) -> FinishedPolicies:
    from classifier.privacy.tradeoff.finished_policies import FinishedPolicies
    from classifier.privacy.tradeoff.frontier import ASKED_RATES
    from classifier.resume import FinishedPieces, program_sha256

    basis = {
        "corpus": material.sha256,
        "n_scored": len(material.scored),
        "program": program_sha256(DECIDING_ROOMS),
        "seed": seed,
        "asked_rates": ASKED_RATES,
    }
    return FinishedPolicies(FinishedPieces(out / PARTS, basis), made_of)


@contextmanager
def resumable(finished: FinishedPolicies) -> Iterator[None]:
    """Tells whoever stops the work how to go on with it."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(
            f"\n{finished.pieces.count()} parts are kept in {finished.pieces.folder}; the same command "
            "goes on from there",
            err=True,
        )
        raise


def _save(evaluation: Evaluation, out: Path) -> None:
    """Write all files, ``tradeoff.json`` last.

    They are written among the parts first and then renamed, so an interrupted run leaves the old files
    or none.
    """
    from classifier.atomic import write_bytes
    from classifier.evaluation.saved_results import load_evaluation
    from classifier.report.tradeoff.tradeoff_page import tradeoff_page

    written = out / PARTS / "written"
    shutil.rmtree(written, ignore_errors=True)  # of a run that was killed just here
    evaluation.save(written, name="tradeoff")
    # Drawn from what was written, so that page and tables cannot differ.
    write_bytes(
        written / "tradeoff.html", tradeoff_page(load_evaluation(written, name="tradeoff")).encode("utf-8")
    )
    for file in sorted(written.iterdir(), key=lambda file: (file.name == "tradeoff.json", file.name)):
        os.replace(file, out / file.name)
    written.rmdir()


def _summary(out: Path, points: pd.DataFrame, skipped: pd.DataFrame) -> str:
    dominated, whole = int((points["status"] == "dominated").sum()), int(skipped["asked_rate"].isna().sum())
    what = f"{len(points)} points of {points['policy'].nunique()} policies, {dominated} of them dominated"
    return (
        f"{out}: {what}, {whole} policies and {len(skipped) - whole} thresholds skipped (skipped.csv "
        "says why)"
    )
