"""``grooming-classifier demo``: a page for this computer only."""

from __future__ import annotations

import socket
import threading
import webbrowser
from pathlib import Path

import click

from classifier.cli.options import require_paths
from classifier.errors import InputError
from classifier.model.shipped_models import conversation_model_path, shipped_model, train_split_model

LOOPBACK = {"127.0.0.1": socket.AF_INET, "localhost": socket.AF_INET, "::1": socket.AF_INET6}


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8321,
    show_default=True,
    help="Port of this computer; 0 takes a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="127.0.0.1, localhost or ::1; the page is for this computer only.",
)
@click.option(
    "--open/--no-open", "opened", default=True, show_default=True, help="Open the page in the browser."
)
@click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    help=(
        "Model file for everything. Default: the two of the package, that of the train split for "
        "conversations and the shipped one for what is typed."
    ),
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help=(
        "Corpus folder or file whose conversations are shown. Default: data/synthetic/v2 where it is there, "
        "else a small corpus made at the start."
    ),
)
@click.option(
    "--tradeoff",
    "figures",
    type=click.Path(path_type=Path),
    help="Folder that 'tradeoff' wrote, for the view 'Who reads?'. Default: figures of the package.",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the pages as files into this new folder instead, to be opened without a server.",
)
def demo(
    port: int,
    host: str,
    opened: bool,
    model_path: Path | None,
    corpus: Path | None,
    figures: Path | None,
    export: Path | None,
) -> None:
    """Open the demo page, for a lesson or a first look.

    Prints its address and opens it in the browser; stop it with Ctrl-C. Guess along a conversation, sit in
    the reviewer's chair, turn the dial, compare who reads. It runs on this computer only, needs no network
    and no JavaScript, and neither stores nor logs what is typed. It needs the extra 'demo'. With --export it
    writes the pages as files instead and stops.

    \b
    Examples:
      grooming-classifier demo --no-open
      grooming-classifier demo --export lesson
    """
    if host not in LOOPBACK:
        raise InputError(
            f"--host {host}: the page shows what is typed into it, so it is for this computer only; "
            "expected 127.0.0.1, localhost or ::1"
        )
    try:
        import uvicorn

        from classifier.app.demo_data import load_demo
        from classifier.app.server import build_app
        from classifier.app.static_site import export_site
    except ImportError as error:
        raise InputError(
            f"the demo page needs the extra 'demo' ({error.name} is not installed): pip install "
            "'grooming-pattern-classifier[demo]'"
        ) from None
    require_paths(corpus, figures, model=model_path)
    path = model_path or train_split_model()
    loaded = load_demo(
        path,
        conversation_model_path(path),
        typed_model_path=model_path or shipped_model(),
        corpus=corpus,
        tradeoff=figures,
    )
    if export is not None:
        n_pages = export_site(loaded, export)
        click.echo(f"{export / 'index.html'}: the first of {n_pages} pages")
        return
    listening = _listening(host, port)
    port = listening.getsockname()[1]
    address = f"http://{'[::1]' if host == '::1' else host}:{port}/"
    server = uvicorn.Server(
        uvicorn.Config(
            build_app(loaded, port=port),
            access_log=False,
            log_level="error",
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
    )
    # What takes a second or two (conversations, pandas) is fetched while the first page is read.
    threading.Thread(target=loaded.prepare, daemon=True).start()
    click.echo(f"Demo page: {address} (stop it with Ctrl-C)")
    if opened:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        click.echo("stopped")


def _listening(host: str, port: int) -> socket.socket:
    opened = socket.socket(LOOPBACK[host])
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(("127.0.0.1" if host == "localhost" else host, port))
        opened.listen(64)  # whoever follows the printed address at once waits, and is not turned away
    except OSError as error:
        opened.close()
        raise InputError(
            f"--port {port}: cannot be used ({error.strerror}); name another, or 0 for any free one"
        ) from None
    return opened
