"""Peers: other planners, each in an environment of its own, asked by lines of JSON."""

from planner.bench.peers.catalogue import PEERS, Peer, named_peers
from planner.bench.peers.conversation import PeerFailed, conversing
from planner.bench.peers.environment import default_folder, find_python, install
from planner.bench.peers.playing import play_peer

__all__ = [
    "PEERS",
    "Peer",
    "PeerFailed",
    "conversing",
    "default_folder",
    "find_python",
    "install",
    "named_peers",
    "play_peer",
]
