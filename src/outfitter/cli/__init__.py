"""The command line: JSON lines on stdout, prose on stderr, exit code 0 / 1 / 2.

    0  all is well
    1  some inputs failed; each has its own line that says why
    2  could not run: bad usage, or an OutfitterError

One file per verb. A verb's module holds ``app`` (a `typer.Typer`, where there are sub-verbs) or ``command`` (one
function, which returns None or the exit code through `typer.Exit`). Only the module of the verb that is asked for
is imported, so ``outfitter detect`` loads no training code and ``outfitter --help`` loads no verb at all.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final, NoReturn

from outfitter.errors import OutfitterError

if TYPE_CHECKING:
    import typer


@dataclass(frozen=True)
class Verb:
    """A line of ``outfitter --help``. `extra` is what to install for it; `stopped` is said after Ctrl-C."""

    help: str
    extra: str | None = None
    stopped: str = "Stopped. What was printed so far is complete."


GOES_ON: Final = "Stopped. Run the same command again: it goes on where it stopped."

VERBS: Final = {
    "demo": Verb(
        "Draw a small shop, find the garments of an outfit, recommend; writes one HTML page.", stopped=GOES_ON
    ),
    "detect": Verb("Find the garments in photos."),
    "embed": Verb("Turn the garments in photos into vectors."),
    "catalogue": Verb("Build, extend, shrink and inspect a shop's catalogue.", stopped=GOES_ON),
    "recommend": Verb("Recommend products for a photo, a product, a person or a visit.", extra="events"),
    "events": Verb("Store what people do, learn their tastes, read out experiments.", extra="events"),
    "serve": Verb("Serve a catalogue: API, page and widget.", extra="serve", stopped="Stopped."),
    "looks": Verb("Write shoppable looks as files, for pages with no server behind them."),
    "datasets": Verb("Prepare, check, convert and draw annotated photos.", stopped=GOES_ON),
    "train": Verb("Train a detector.", extra="learn", stopped="Stopped. 'outfitter train --resume RUN' goes on."),
    "train-embedder": Verb(
        "Train an embedder.", extra="learn", stopped="Stopped. 'outfitter train-embedder --resume RUN' goes on."
    ),
    "export": Verb("Make a model folder from a training run.", extra="learn", stopped="Stopped. Nothing was written."),
    "adapt": Verb("Teach the detector on a shop's own pictures.", extra="learn", stopped=GOES_ON),
    "adopt": Verb("Make an embedder of an image encoder that others trained.", extra="learn"),
    "evaluate": Verb("Score a detector or an embedder.", extra="learn", stopped=GOES_ON),
    "doctor": Verb("Check the installation, models, catalogue, events and disk, and say what to fix."),
    "compare": Verb("Say which differences between results are real."),
}
"""Verbs in the order of the help. The module of ``train`` is ``outfitter.cli.train``."""

EXTRA_OF: Final = {"implicit": "events", "sqlalchemy": "events"}
"""Packages that verbs of another extra may need, too → the extra that holds them."""


def main() -> NoReturn:
    """Entry point of the ``outfitter`` command. JSON is UTF-8, whatever the terminal's encoding."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors=sys.stdout.errors)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    verb = VERBS.get(wanted or "")
    try:
        _app(wanted)(list(arguments), prog_name="outfitter")
    except SystemExit as stop:
        if stop.code == 130 and verb:
            _say(verb.stopped)
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except KeyboardInterrupt:  # while importing
        return 130
    except OutfitterError as error:
        _say(f"outfitter: {error}")
        return 2
    except ModuleNotFoundError as error:
        missing = (error.name or "outfitter").partition(".")[0]
        extra = EXTRA_OF.get(missing, verb.extra if verb else None)
        if extra is None or missing == "outfitter":
            raise
        _say(f"outfitter: '{wanted}' needs {missing}, which is not installed. Run: pip install 'outfitter[{extra}]'")
        return 2
    except OSError as error:  # a full disk, a folder that may not be written
        if error.strerror is None:
            raise
        _say(f"outfitter: {error.filename or 'cannot go on'}: {error.strerror}")
        return 2
    return 0


def _app(wanted: str | None) -> typer.Typer:
    """The command tree: the wanted verb whole, of the others only the line in the help."""
    import importlib

    import typer

    app = typer.Typer(
        help="Finds the garments in a photo and recommends what to buy.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def top(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
        if version:
            from importlib.metadata import version as installed

            print(installed("outfitter"))
            raise typer.Exit

    for name, verb in VERBS.items():
        if name != wanted:
            app.command(name, help=verb.help)(lambda: None)
            continue
        module = importlib.import_module(f"outfitter.cli.{name.replace('-', '_')}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name, help=verb.help)
        else:
            app.command(name)(module.command)
    return app


def _say(text: str) -> None:
    print(text, file=sys.stderr)
