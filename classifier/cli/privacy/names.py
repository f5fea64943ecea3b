"""``grooming-classifier privacy names``: names that a model file gives back."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.cli.options import CORPUS, TRAIN_SPLIT_MODEL, out_file
from classifier.errors import InputError


@click.command()
@CORPUS
@TRAIN_SPLIT_MODEL
@out_file("The CSV file to write.")
def names(corpus: Path, model_path: Path | None, out: Path) -> None:
    """Count the names from a model's training corpus that its file gives back.

    Writes and prints three counts, each beside that of names that were never in the corpus: names that stand
    in the file (names_read), names whose every term is in the file (names_tried), and names that change the
    model's score (names_asked).

    \b
    Example:
      grooming-classifier privacy names data/synthetic/v2 --out results/names.csv
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.corpus_folder import content_hash, read_corpus, read_message_tables
    from classifier.model.message.file import load_model
    from classifier.model.shipped_models import train_split_model
    from classifier.workflows.model_file_attacks.names_in_file import inspect_model_file, names_table

    path = model_path or train_split_model()
    header, parts = load_model(path).header, read_corpus(corpus)
    if header["corpus_sha256"] != content_hash(corpus):
        raise InputError(f"{path}: was fitted on another corpus than {corpus}; name the one it was fitted on")
    messages = read_message_tables(corpus, parts)
    table = names_table(
        inspect_model_file(path),
        [conversation for split in header["fitted_on"] for conversation in parts[split]],
        [text for split in header["fitted_on"] for text in messages[split]["text"]],
    )
    write_bytes(out, table.to_csv(index=False, lineterminator="\n", float_format="%.12g").encode("utf-8"))
    for row in table.to_dict("records"):
        click.echo(
            f"{row['attack']}: {row['found']} of {row['n']} names in training, {row['decoys_found']} of "
            f"{row['n_decoys']} that were never there"
        )
