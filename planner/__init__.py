"""A Bayesian planner of synthesis experiments: what to try next, how sure it is, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from planner.campaign import CampaignSpec
    from planner.loop.handle import Campaign
    from planner.space import Floats

__version__ = "0.1.0"
__all__ = ["open"]


def open(  # noqa: A001 planner.open(...) reads as what it does
    what: str | Path | CampaignSpec,
    *,
    campaign: str | None = None,
    seed: int | None = None,
    candidates: pd.DataFrame | None = None,
    folder: str | Path = ".",
    reductions: Mapping[str, Callable[[Floats, Floats], float]] | None = None,
) -> Campaign:
    """Opens a campaign to ask, tell and predict; it begins where it has not begun.

    Args:
        what: a campaign file; the URL of a ledger, with ``campaign``; or a ``CampaignSpec``.
        campaign: another name for the file's campaign, or its name in the ledger of a URL.
        seed: instead of the file's, with another name.
        candidates: with a ``CampaignSpec``, the configurations that may be tried, a column for
            each parameter.
        folder: with a ``CampaignSpec``, where its ledger lies.
        reductions: functions of your own from the x and y of a curve to a number, by the name that
            the file gives them (``by: {name: own, function: NAME}``).

    Returns:
        The campaign; close it, or use it in a ``with`` statement.

    Raises:
        PlannerError: with what is wrong and what to do.
    """
    from planner.campaign import CampaignSpec
    from planner.errors import InputError
    from planner.loop import handle

    if isinstance(what, CampaignSpec):
        return handle.open_spec(
            what,
            candidates=candidates,
            folder=Path(folder),
            reductions=reductions,
        )
    if candidates is not None:
        raise InputError("Candidates as a data frame go with a CampaignSpec, not with a file.")
    if "://" in str(what):
        if campaign is None:
            raise InputError("A ledger's URL needs the name of a campaign: campaign='...'.")
        return handle.open_recorded(str(what), name=campaign, reductions=reductions)
    return handle.open_file(Path(what), name=campaign, seed=seed, reductions=reductions)
