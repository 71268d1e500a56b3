"""A flow that leaves a trace of each of its runs."""

from __future__ import annotations

from pathlib import Path

from prefect import flow


@flow
def tick(file: str) -> None:
    with Path(file).open("a") as trace:
        trace.write("ran\n")
