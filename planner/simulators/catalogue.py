"""Finds a simulator by name: the built-in ones, then those of installed packages.

A package of the user's offers one in its ``pyproject.toml``; the object named is the simulator
itself, not a class::

    [project.entry-points."planner.simulators"]
    my_furnace = "my_package.furnace:FURNACE"
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from planner.errors import InputError, MissingPackage, UnknownName
from planner.simulators.contract import Simulator

GROUP = "planner.simulators"

_PROCESSES = "planner.simulators.processes"

BUILT_IN = {
    "calcination": (f"{_PROCESSES}.calcination", "CALCINATION"),
    "composite_film": (f"{_PROCESSES}.composite_film", "COMPOSITE_FILM"),
    "gold_colloid": (f"{_PROCESSES}.gold_colloid", "GOLD_COLLOID"),
    "nanotube_cvd": (f"{_PROCESSES}.nanotube", "NANOTUBE_CVD"),
    "titania_film": (f"{_PROCESSES}.titania_film", "TITANIA_FILM"),
    "vial_synthesis": (f"{_PROCESSES}.vial_synthesis", "VIAL_SYNTHESIS"),
}


def find(name: str) -> Simulator:
    """The simulator of this name; its module is imported only now.

    Raises:
        UnknownName: no simulator has this name.
        MissingPackage: the package that offers it cannot be imported.
        InputError: two packages offer the name, or what is offered is no simulator.
    """
    if name in BUILT_IN:
        module, attribute = BUILT_IN[name]
        return _checked(getattr(import_module(module), attribute), name)
    offers = [point for point in entry_points(group=GROUP) if point.name == name]
    if not offers:
        raise UnknownName(
            f"No simulator is called {name!r}. Known: {', '.join(known_names())}. "
            f"A package offers its own by an entry point in the group {GROUP!r}."
        )
    if len({offer.value for offer in offers}) > 1:
        places = " and ".join(offer.value for offer in offers)
        raise InputError(f"Simulator {name!r} is offered by {places}. Remove one of the packages.")
    return _checked(_load(offers[0]), name)


def known_names() -> tuple[str, ...]:
    """All names that `find` knows, in alphabetical order."""
    return tuple(sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))}))


def _load(offer: EntryPoint) -> object:
    try:
        return offer.load()
    except (ImportError, AttributeError) as error:
        raise MissingPackage(
            f"Simulator {offer.name!r} is offered as {offer.value!r}, which cannot be imported: "
            f"{error}. Install what it needs, or correct the entry point."
        ) from error


def _checked(offered: object, name: str) -> Simulator:
    if isinstance(offered, type) or not isinstance(offered, Simulator):
        raise InputError(
            f"What is offered as simulator {name!r} is {offered!r}, which lacks a part of the "
            "contract. Give an object with all that planner.simulators.contract.Simulator lists."
        )
    return offered
