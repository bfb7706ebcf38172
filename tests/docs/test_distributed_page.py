"""The command of docs/distributed.md takes the options that it shows; tests/distributed builds on a cluster."""

from __future__ import annotations

import typer

from outfitter.cli import catalogue
from tests.docs.commands import commands


def test_the_commands_options_are_there() -> None:
    app = typer.Typer()
    app.command()(catalogue.build)
    known = {name for option in typer.main.get_command(app).params for name in option.opts}
    (words,) = commands("docs/distributed.md")
    assert words[:2] == ["catalogue", "build"]
    assert {word for word in words if word.startswith("--")} <= known
