"""``grooming-classifier privacy curve``: what differential privacy costs in detection."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import CORPUS, JOBS, FiniteRange, at_least, out_file, seed_of
from classifier.workflows.model_file_attacks.attack_inputs import corpus_facts


@click.command()
@CORPUS
@click.option(
    "--epsilon",
    type=FiniteRange(min=0, min_open=True),
    multiple=True,
    help=(
        "Privacy budget of one message, all labels together; smaller means more noise. May be given again. "
        "Default: 0.1 to 100."
    ),
)
@at_least("--seeds", 2, 20, "Draws of the noise at each epsilon.")
@at_least("--rows", 100, 40000, "Training messages, at most, drawn by lot.")
@at_least(
    "--cap",
    1,
    20,
    "Messages of one person's conversations, at most: so many are what a person is protected by.",
)
@click.option(
    "--regularisation",
    type=FiniteRange(min=0, min_open=True),
    default=1e-3,
    show_default=True,
    help="Strength of the penalty, chosen beforehand and not on the text.",
)
@JOBS
@seed_of("every draw")
@out_file("The .json file to write; table and figure are written beside it as .csv and .svg.")
def curve(
    corpus: Path,
    epsilon: tuple[float, ...],
    seeds: int,
    rows: int,
    cap: int,
    regularisation: float,
    jobs: int,
    seed: int,
    out: Path,
) -> None:
    """Show what differential privacy costs in detection, epsilon by epsilon.

    Writes a table (.json, .csv) and a figure (.svg), and prints an AUC for each method and epsilon.

    Models over the public word list are fitted on train messages by two methods (noise on the weights,
    noise in the objective) and measured on test messages by the area under the ROC curve, averaged over
    labels; .5 is chance. The plain fit stands beside them. 'tradeoff --curve' takes the file into its
    report.

    \b
    Example:
      grooming-classifier privacy curve data/synthetic/v2 --jobs 2 --out results/curve.json
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.corpus_folder import content_hash, read_corpus, require_splits
    from classifier.privacy.attacks.membership_documents import membership_documents
    from classifier.privacy.model_variants.dp_curve import EPSILONS, dp_curve, labelled_documents
    from classifier.privacy.model_variants.person_cap import sampled_documents
    from classifier.privacy.stored_table import StoredTable, checked_json_path
    from classifier.progress import progress_bar
    from classifier.report.table_plots import to_svg
    from classifier.report.tradeoff.attack_sections import privacy_curve_plot

    checked_json_path(out)
    splits = read_corpus(corpus)
    require_splits(corpus, splits, "train", "test", reason="models are fitted on train and measured on test")
    documents = sampled_documents(
        membership_documents(splits["train"], unit="message", seed=seed), cap=cap, n_rows=rows, seed=seed
    )
    train, test = (
        labelled_documents(documents),
        labelled_documents(membership_documents(splits["test"], unit="message", seed=seed)),
    )
    table = dp_curve(
        train,
        test,
        epsilons=sorted(set(epsilon)) or EPSILONS,
        regularisation=regularisation,
        n_seeds=seeds,
        seed=seed,
        n_jobs=jobs,
        progress=progress_bar,
    )
    facts = {
        "unit": "one message, all labels together",
        "cap": cap,
        "n_train": len(documents),
        "n_people": documents["sender"].nunique(),
        "n_test": test.rows.shape[0],
        "n_terms": test.rows.shape[1],
        "regularisation": regularisation,
        "seed": seed,
    }
    StoredTable("curve", corpus_facts(splits, content_hash(corpus)) | facts, table).save(out)
    write_bytes(
        out.with_suffix(".svg"),
        to_svg(privacy_curve_plot(table), title=("AUC of models trained with noise, by epsilon")).encode(
            "utf-8"
        ),
    )
    click.echo(
        f"{out}: {len(documents):,} train messages of {facts['n_people']:,} senders, at most {cap} each; "
        f"{facts['n_test']:,} test messages"
    )
    for row in table.to_dict("records"):
        click.echo(
            f"  {row['method']:<24}epsilon {row['epsilon']:<8g}AUC {row['auc']:.3f} "
            f"({row['auc_low']:.3f}–{row['auc_high']:.3f}) over {row['n_seeds']} draws"
        )
