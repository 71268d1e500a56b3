"""The planners that are known, each by a driver program and the packages that it needs."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from planner.errors import UnknownName

_HERE = Path(__file__).parent
_WIRE = _HERE / "drivers" / "wire.py"
_NEAREST = "what it suggests is moved to the nearest free row, and it is told that row's values"
_AS_IT_IS = "what it suggests is taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another planner.

    Args:
        name: as it is typed and shown.
        package: its own among those it needs; empty where it needs none.
        way: how it is set up.
        driver: the program that speaks for it.
        requirements: the pinned packages of its environment, in pip's format; empty for a driver
            that needs none.
        on_rows: how it is given the candidates of a pool.
        in_the_open: what it does in a space without candidates.
    """

    name: str
    package: str
    way: str
    driver: Path
    requirements: Path
    on_rows: str = _NEAREST
    in_the_open: str = _AS_IT_IS

    @property
    def packages(self) -> tuple[str, ...]:
        """The pinned packages, as pip takes them."""
        lines = self.requirements.read_text(encoding="utf-8").splitlines()
        return tuple(line for line in lines if line and not line.startswith("#"))

    @property
    def version(self) -> str:
        """The version that is pinned; empty where it needs no package."""
        versions = dict(line.partition("==")[::2] for line in self.packages)
        return versions.get(self.package, "")

    @property
    def digest(self) -> str:
        """Hash of all that its choices follow from: its programs and its packages."""
        return _digest(self.driver, self.packages)


@cache
def _digest(driver: Path, packages: tuple[str, ...]) -> str:
    """Returns a hash of programs, but for comments and how they are laid out, and of packages."""
    digest = hashlib.sha256()
    for program in (driver, _WIRE):
        digest.update(ast.dump(ast.parse(program.read_text(encoding="utf-8"))).encode())
    digest.update("\n".join(packages).encode())
    return digest.hexdigest()[:12]


def _shipped(
    name: str, package: str, way: str, on_rows: str = _NEAREST, in_the_open: str = _AS_IT_IS
) -> Peer:
    return Peer(
        name=name,
        package=package,
        way=way,
        on_rows=on_rows,
        in_the_open=in_the_open,
        driver=_HERE / "drivers" / f"with_{name}.py",
        requirements=_HERE / "requirements" / f"{name}.txt",
    )


_LOG_EI = "SingleTaskGP, LogEI, defaults"
PEERS = {
    peer.name: peer
    for peer in (
        _shipped("baybe", "baybe", "defaults", "search space from the data frame of candidates"),
        _shipped("optuna", "optuna", "GP sampler, five startup trials"),
        _shipped("ax", "ax-platform", "client, default method, no centre point"),
        _shipped("botorch", "botorch", _LOG_EI, "scored over all free rows", "by optimize_acqf"),
        _shipped("random", "", "even", "any free row", "anywhere"),
        _shipped("bofire", "bofire", "SoboStrategy, defaults"),
        _shipped("hebo", "HEBO", "defaults, five random trials"),
    )
}


def named_peers(names: Sequence[str]) -> list[Peer]:
    """Returns peers by name; ``all`` stands for all of them.

    Raises:
        UnknownName: there is none of a name.
    """
    peers: dict[str, Peer] = {}
    for name in names:
        if name != "all" and name not in PEERS:
            raise UnknownName(
                f"There is no planner {name!r} to race against. Known are {', '.join(PEERS)}; "
                f"all stands for all of them."
            )
        peers.update(PEERS if name == "all" else {name: PEERS[name]})
    return list(peers.values())
