"""Simulators found by name: built in, and offered by an installed package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from planner.errors import InputError, MissingPackage, UnknownName
from planner.simulators.catalogue import find, known_names
from planner.simulators.contract import Status
from planner.simulators.processes.nanotube import NANOTUBE_CVD


def test_a_built_in_simulator_is_found() -> None:
    assert find("nanotube_cvd") is NANOTUBE_CVD
    assert find("nanotube_cvd").name == "nanotube_cvd"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"'nanotubes'.*nanotube_cvd"):
        find("nanotubes")


def test_a_simulator_of_an_installed_package_is_found(user_package: Path) -> None:
    assert {"told", "nanotube_cvd"} <= set(known_names())
    grown = find("told").run({"x": 1.0}, {"k": 2.0}, seed=3)
    assert grown.status is Status.OK
    assert grown.values == {"y": 321.0}


@pytest.mark.parametrize("name", ["no_simulator", "a_class"])
def test_what_is_no_simulator_is_refused(user_package: Path, name: str) -> None:
    with pytest.raises(InputError, match="lacks a part of the contract"):
        find(name)


@pytest.mark.parametrize("name", ["not_there", "needs_more"])
def test_what_cannot_be_imported_is_reported_with_the_remedy(user_package: Path, name: str) -> None:
    with pytest.raises(MissingPackage, match=r"cannot be imported.*Install what it needs"):
        find(name)


def test_one_name_offered_twice_is_refused(user_package: Path) -> None:
    with pytest.raises(InputError, match=r"misbehaving:TOLD and misbehaving:SPIN|SPIN and misb"):
        find("twice")


def test_the_pool_imports_no_numerics_and_the_worker_nothing_heavy() -> None:
    """The planner's process starts a pool without paying for SciPy."""
    program = (
        "import sys, planner.simulators.pool, planner.simulators.worker_main as _;"
        "print([m for m in ('numpy', 'scipy', 'torch', 'prefect', 'pydantic') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert out.stdout == "[]\n"
