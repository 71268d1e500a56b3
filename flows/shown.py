"""Work shown as a Prefect flow run, whose outcome does not depend on Prefect's.

Prefect records the end of a flow run last, after the work. If its database was deleted meanwhile,
or its server is away for longer than its clients try, the call of the flow fails although the work
is done and in the ledger. So the outcome is taken from the work, and Prefect's trouble is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from planner.errors import LabUnavailable

T = TypeVar("T")


@dataclass(slots=True)
class _Outcome(Generic[T]):
    """What the work gave, filled in where Prefect cannot take it away again."""

    values: tuple[T, ...] = ()
    error: BaseException | None = None


def shown(
    work: Callable[[], T],
    *,
    name: str,
    run_name: str,
    tags: Sequence[str] = (),
    on_message: Callable[[str], None],
) -> T:
    """Do some work inside a flow run and return what it returns.

    Args:
        work: what to do, once; its tasks appear under the flow run.
        name: the flow's name.
        run_name: this flow run's name.
        tags: the flow run's tags; its tasks have them too.
        on_message: is told when Prefect could not record the end of the run.

    Raises:
        LabUnavailable: Prefect failed before the work began; nothing was done.
        BaseException: whatever the work raised, unchanged.
    """
    from prefect import flow
    from prefect import tags as tagged

    outcome = _Outcome[T]()

    def body() -> None:
        try:
            outcome.values = (work(),)
        except BaseException as error:
            outcome.error = error
            raise

    wrapped = flow(name=name, flow_run_name=run_name, persist_result=False)(body)
    try:
        with tagged(*tags):
            wrapped()
    except BaseException as error:
        if outcome.error is not None:
            raise outcome.error from None
        if not isinstance(error, Exception):
            raise  # Ctrl-C outside the work
        if not outcome.values:
            raise LabUnavailable(
                f"Prefect could not start the flow run '{run_name}': {error or type(error)}. "
                "Nothing was done. Its server's log is server.log in the folder .prefect; to go "
                "on without Prefect, use --engine inline."
            ) from error
        on_message(
            f"Prefect could not record the end of '{run_name}' (was its database deleted?); "
            "the ledger has everything."
        )
    return outcome.values[0]
