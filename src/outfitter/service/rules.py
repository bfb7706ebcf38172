"""The shop's rules and scenarios beside its catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from outfitter.catalogue import Catalogue
from outfitter.errors import ConfigError, QueryError
from outfitter.recommendations.merchandising import Merchandising


def require_filters(merchandising: Merchandising, catalogue: Catalogue, path: Path) -> None:
    """See that the catalogue can answer every filter: one that it cannot would fail each question.

    path: the file that they were read from.

    Raises:
        ConfigError: a filter cannot be read, or names what the catalogue does not have.
    """
    for whose, where in _filters(merchandising):
        try:
            catalogue.allowed(where)
        except QueryError as error:
            raise ConfigError(f"{path}: {whose}: {error}") from None


def _filters(merchandising: Merchandising) -> Iterator[tuple[str, str | None]]:
    for number, rule in enumerate(merchandising.rules, 1):
        for where in (rule.boost, rule.bury, rule.where):
            yield f"rule {number}", where
    for name, scenario in merchandising.scenarios.items():
        yield f"scenario {name}", scenario.where
        if scenario.experiment is not None:
            for arm, changes in scenario.experiment.arms.items():
                yield f"scenario {name}, arm {arm}", changes.get("where")
