"""The fake planner as a peer: a real program over the real protocol."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from planner.bench.against import Other
from planner.bench.peers import Peer
from planner.bench.peers import catalogue as peers


def make_fake(folder: Path, *, mood: str = "", name: str = "fake") -> Peer:
    """Returns a peer whose driver lies in a folder of its own."""
    home = folder / name
    home.mkdir()
    shutil.copy(Path(peers.__file__).parent / "drivers" / "wire.py", home)
    driver = Path(shutil.copy(Path(__file__).with_name("fake_peer.py"), home))
    (home / "mood.txt").write_text(mood)
    (home / "requirements.txt").write_text("")
    requirements = home / "requirements.txt"
    return Peer(name=name, package="", way="in order", driver=driver, requirements=requirements)


def as_entrant(peer: Peer) -> Other:
    return Other(peer=peer, python=lambda: Path(sys.executable))
