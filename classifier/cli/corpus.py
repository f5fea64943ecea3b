"""``grooming-classifier corpus``: make a synthetic corpus, check it, count it, split it."""

from __future__ import annotations

from pathlib import Path

import click

from classifier.corpus.dialogues import VOICES as DIALOGUE_VOICES
from classifier.corpus.dialogues import load_dialogues
from classifier.corpus.families import VOICES, load_families
from classifier.corpus.generator.spec import RELEASES, CorpusSpec
from classifier.progress import progress_counter

CORPUS = click.argument("path", type=click.Path(path_type=Path))


@click.group()
def corpus() -> None:
    """Generate, check, describe and split synthetic corpora.

    \b
    Example:
      grooming-classifier corpus generate --out my-corpus --seed 7 --scale 0.1
      grooming-classifier corpus check my-corpus
    """


@corpus.command()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write."
)
@click.option(
    "--release",
    type=click.Choice(list(RELEASES)),
    default="v1",
    show_default=True,
    help="Which corpus: its voice, size and shares.",
)
@click.option("--seed", type=int, help="Another seed than the release's own.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0.0005, max=1000),
    default=1.0,
    show_default=True,
    help="Times as many conversations.",
)
def generate(out: Path, release: str, seed: int | None, scale: float) -> None:
    """Write a corpus folder: one .jsonl.gz a split, a readable sample, a manifest.

    Until all is there, finished pieces wait in OUT.parts; a run that was stopped goes on from them when it is started again, to the same bytes.

    \b
    Example:
      grooming-classifier corpus generate --out big --scale 10
    """
    from dataclasses import replace

    from classifier.corpus.release import parts_folder, write_corpus

    spec: CorpusSpec = RELEASES[release].scaled(scale)
    if seed is not None:
        spec = replace(spec, seed=seed)
    try:
        with progress_counter(label="generating", length=spec.n_conversations) as progress:
            manifest = write_corpus(out, spec, progress=progress)
    except KeyboardInterrupt:
        click.echo(
            f"stopped; what is done is kept in {parts_folder(out)}, and the same command goes on from there",
            err=True,
        )
        raise
    click.echo(f"{out}: {spec.n_conversations} conversations, sha256 {manifest['corpus_sha256']}")


@corpus.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write."
)
def words(out: Path) -> None:
    """Write the list of words that the model's spelling goes by: those of the train split's phrase families, each with how many families it stands in.

    Common given names of the public list stand in it too, so that "Grace" is not read as a slip for "grade".

    \b
    Example:
      grooming-classifier corpus words --out classifier/model/message/words.txt
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.split import assign_families
    from classifier.corpus.words import as_lines, word_counts
    from classifier.privacy.policies.given_names import given_names

    families = load_families("v1")
    splits = assign_families(families, seed=RELEASES["v1"].seed)
    counts = word_counts(family for family in families if splits[family.id] == "train")
    names = dict.fromkeys((name.lower() for name in given_names() if name.isascii() and name.isalpha()), 1)
    listed = dict(sorted((names | counts).items()))
    write_bytes(out, as_lines(listed))
    click.echo(f"{out}: {len(listed)} words")


@corpus.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--voice", type=click.Choice(list(DIALOGUE_VOICES)), help="Check all dialogues of a voice instead."
)
def check(path: Path | None, voice: str | None) -> int:
    """Check a corpus, a phrase file (.toml), a file or folder of dialogues, or a whole voice.

    Of a corpus file or folder: format, synthetic mark, splits, data policy. Of dialogues: format, data policy, spelling,
    lines that stand twice, near copies, pairs; of a whole voice, too, whether a tactic stands in patterns only.

    Exit code 0 when all is well, 1 when something is wrong with a line, 2 when a file cannot be used.

    \b
    Example:
      grooming-classifier corpus check data/synthetic/v1
      grooming-classifier corpus check --voice v2
    """
    from classifier.cli.corpus_check import check_path, check_voice

    if (path is None) == (voice is None):
        raise click.UsageError("expected either PATH or --voice")
    checked, problems = check_voice(voice or "") if path is None else check_path(path)
    for problem in problems:
        click.echo(problem)
    click.echo(f"{voice or path}: {checked}, {len(problems)} problem{'' if len(problems) == 1 else 's'}")
    return 1 if problems else 0


@corpus.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--voice",
    type=click.Choice([*VOICES, *DIALOGUE_VOICES]),
    default="v1",
    show_default=True,
    help="Whose phrases or dialogues to count.",
)
def describe(path: Path | None, voice: str) -> None:
    """Count the phrases or dialogues of a voice and, with PATH, the conversations of a corpus.

    \b
    Example:
      grooming-classifier corpus describe data/synthetic/v1
    """
    from classifier.corpus.describe import conversation_counts, label_counts, vocabulary_growth
    from classifier.corpus.release import read_corpus
    from classifier.readers.messages import messages_table

    if voice in DIALOGUE_VOICES:
        _describe_dialogues(voice)
    else:
        _describe_phrases(voice)
    if path is None:
        return
    conversations = [conversation for part in read_corpus(path).values() for conversation in part]
    messages = messages_table(conversations)
    click.echo(f"\nConversations of {path}\n{conversation_counts(conversations).to_string(index=False)}\n")
    click.echo(f"{label_counts(messages).to_string(index=False, float_format='{:.4f}'.format)}\n")
    click.echo(f"Vocabulary growth\n{vocabulary_growth(messages['text'].tolist()).to_string(index=False)}")


def _describe_phrases(voice: str) -> None:
    from classifier.corpus.describe import phrase_counts

    families = load_families(voice)
    counts = phrase_counts(families)
    click.echo(
        f"Distinct phrasings of voice {voice} (near-copies dropped)\n{counts.to_string(index=False)}\n"
    )
    click.echo(f"{counts.groupby(['kind', 'source'])[['families', 'phrasings']].sum().to_string()}\n")
    click.echo(f"{counts.groupby('kind')[['families', 'phrasings']].sum().to_string()}\n")
    click.echo(f"all: {counts['phrasings'].sum()} distinct phrasings in {len(families)} families")


def _describe_dialogues(voice: str) -> None:
    from classifier.corpus.describe import dialogue_counts, relation_counts, tactic_table

    dialogues = load_dialogues(voice)
    counts = dialogue_counts(dialogues).to_string(index=False, float_format="{:.6g}".format)
    click.echo(f"Dialogues of voice {voice} (of distinct lines, near copies are dropped)\n{counts}\n")
    click.echo(f"By relation\n{relation_counts(dialogues).to_string(index=False)}\n")
    click.echo(f"Dialogues that show each tactic\n{tactic_table(dialogues).to_string(index=False)}")


@corpus.command()
@CORPUS
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder to write train, validation and test .jsonl into.",
)
def split(path: Path, out: Path) -> None:
    """Write each split of a corpus as plain JSONL, after proving that no phrase family or account stands in two.

    \b
    Example:
      grooming-classifier corpus split data/synthetic/v1 --out splits
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.release import read_corpus
    from classifier.readers.corpus import to_jsonl
    from classifier.readers.messages import families_used

    for name, part in read_corpus(path).items():
        if part:
            write_bytes(out / f"{name}.jsonl", to_jsonl(part))
            click.echo(
                f"{out / name}.jsonl: {len(part)} conversations from {len(families_used(part))} phrase families"
            )


@corpus.command()
@CORPUS
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The tasks file to write; the labelling interface goes beside it as .xml.",
)
@click.option(
    "--n",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many conversations, drawn from the test split.",
)
@click.option("--seed", default=0, show_default=True, type=int, help="Seed of the draw.")
def annotate(path: Path, out: Path, n: int, seed: int) -> None:
    """Write a sample of messages as Label Studio tasks, for people to annotate again.

    \b
    Example:
      grooming-classifier corpus annotate data/synthetic/v1 --out tasks.json --n 50
    """
    import json
    from random import Random

    from classifier.atomic import write_bytes
    from classifier.corpus.release import read_corpus
    from classifier.readers.outside.label_studio import CONFIG, to_tasks

    test = read_corpus(path)["test"]
    tasks = to_tasks(Random(seed).sample(test, min(n, len(test))))
    write_bytes(out, (json.dumps(tasks, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    write_bytes(out.with_suffix(".xml"), CONFIG.encode("utf-8"))
    click.echo(f"{out}: {len(tasks)} tasks; interface in {out.with_suffix('.xml')}")


@corpus.command()
@click.argument("export", type=click.Path(path_type=Path))
def agreement(export: Path) -> None:
    """Hold a Label Studio JSON export against the generator's labels: Cohen's kappa per label and annotator.

    \b
    Example:
      grooming-classifier corpus agreement export.json
    """
    import pandas as pd
    from sklearn.metrics import cohen_kappa_score

    from classifier.readers.outside.label_studio import read_annotations
    from classifier.taxonomy import LABELS

    annotations = read_annotations(export)
    rows = [
        (
            annotator,
            label,
            float(cohen_kappa_score(group[label], group[f"generator_{label}"], labels=[0, 1])),
            int(group[label].sum()),
            int(group[f"generator_{label}"].sum()),
            len(group),
        )
        for annotator, group in annotations.groupby("annotator")
        for label in LABELS
    ]
    table = pd.DataFrame(
        rows, columns=["annotator", "label", "kappa", "by_person", "by_generator", "messages"]
    )
    click.echo(table.to_string(index=False, float_format="{:.3f}".format))


@corpus.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The JSON-LD file to write."
)
def croissant(folders: tuple[Path, ...], out: Path) -> None:
    """Describe corpus folders for machines, as Croissant JSON-LD made from their manifests.

    \b
    Example:
      grooming-classifier corpus croissant data/synthetic/v1 --out data/synthetic/croissant.json
    """
    from classifier.atomic import write_bytes
    from classifier.corpus.croissant import croissant as describe_for_machines
    from classifier.corpus.release import read_manifest

    write_bytes(
        out, describe_for_machines({folder.name: read_manifest(folder) for folder in folders}).encode("utf-8")
    )
    click.echo(str(out))
