"""Races on disk: one JSON file each, so that a benchmark that was interrupted goes on.

A file's folder names all that its race follows from: the pool's digest, the rules, and a
fingerprint of the code that chooses. Races of other code or of another table lie elsewhere and are
not mixed in.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

import planner
from planner.bench.racing import Race, Rules
from planner.errors import LedgerUnavailable

# What a choice follows from, and what the numbers of a fit follow from.
DECIDING = (
    "acquisition", "models", "space", "campaign/objectives.py", "rng.py", "bench/racing.py",
    "bench/functions.py",
)  # fmt: skip
LOOPING = (*DECIDING, "campaign", "trials", "ledger", "labs", "loop", "bench/campaigns.py")
NUMERICAL = ("botorch", "gpytorch", "linear-operator", "numpy", "scipy", "torch")


class Named(Protocol):
    """What is raced on."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def digest(self) -> str:
        """Hash of all that it holds."""


def race_file(
    folder: Path, course: Named, rules: Rules, *, seed: int, name: str, code: str
) -> Path:
    """Returns where a race of the planner itself lies.

    Args:
        folder: of the benchmark.
        course: raced on, with the hash of all that it holds.
        rules: of the race, its number of trials among them.
        seed: of the race.
        name: of the planner's variant.
        code: fingerprint of the code that plays it.
    """
    told = [asdict(rules.settings), code]
    return stored_file(folder, course, rules, seed=seed, name=name, code=told)


def stored_file(
    folder: Path, course: Named, rules: Rules, *, seed: int, name: str, code: object
) -> Path:
    """Returns where a race lies.

    Args:
        folder: of the benchmark.
        course: raced on, with the hash of all that it holds.
        rules: of the race; of its settings nothing is read.
        seed: of the race.
        name: of who races.
        code: all else that the race follows from, ready for JSON.
    """
    told = json.dumps([course.digest, rules.replay, rules.start, rules.n_trials, code])
    digest = hashlib.sha256(told.encode()).hexdigest()[:12]
    name = f"{name}-{rules.replay}-{rules.start}-{rules.n_trials}-{digest}"
    return folder / "races" / course.name / name / f"seed-{seed:03d}.json"


def play_or_read(path: Path, play: Callable[[], Race]) -> Race:
    """Returns the race of a file, or plays it and writes the file.

    Raises:
        LedgerUnavailable: the file cannot be written.
    """
    kept = read_race(path)
    if kept is not None:
        return kept
    race = play()
    _write_race(path, race)
    return race


@cache
def fingerprint(parts: tuple[str, ...]) -> str:
    """Returns a hash of the sources of parts of the planner and of the numerical packages."""
    root = Path(planner.__file__).parent
    digest = hashlib.sha256()
    for part in parts:
        path = root / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(root)).encode())
            digest.update(file.read_bytes())
    for package in NUMERICAL:
        digest.update(f"{package}=={version(package)}".encode())
    return digest.hexdigest()[:12]


def read_race(path: Path) -> Race | None:
    """Returns the race; None where there is none, or one that cannot be read."""
    try:
        return Race.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write_race(path: Path, race: Race) -> None:
    """Writes beside the place and moves there: who is killed meanwhile leaves no half of a file."""
    beside = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(race.model_dump_json() + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise LedgerUnavailable(
            f"The race {path} cannot be written ({error.strerror}). Choose another --races."
        ) from error
