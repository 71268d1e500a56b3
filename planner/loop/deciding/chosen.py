"""What an ask decided, before it is written down."""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.ledger.entries import NothingFits, Record
from planner.space import Value
from planner.trials import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One configuration to try, and how it came to be chosen."""

    configuration: dict[str, Value]
    proposal: Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What an ask decided.

    Args:
        picks: in the order in which they are to be tried.
        seed: of this ask.
        seen: sequence of the ledger that it knew.
        findings: what else is to be written with the picks, such as a comparison of models.
        short: what is lacking, where picks are missing because money or stock does not suffice.
        is_cut: whether some of as many as were asked for did not fit beside the others.
    """

    picks: tuple[Suggestion, ...]
    seed: int
    seen: int
    findings: tuple[Record, ...] = ()
    short: NothingFits | None = None
    is_cut: bool = False


def with_remark(chosen: Chosen, remark: str) -> Chosen:
    """Returns the same with a sentence more in every reason."""
    if not remark:
        return chosen
    return replace(chosen, picks=tuple(_with_remark(pick, remark) for pick in chosen.picks))


def _with_remark(pick: Suggestion, remark: str) -> Suggestion:
    proposal = replace(pick.proposal, reason=f"{pick.proposal.reason} {remark}")
    return replace(pick, proposal=proposal)
