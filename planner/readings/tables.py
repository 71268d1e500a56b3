"""The tables by the names of their columns; the ledger's migrations make them (planner.ledger)."""

from __future__ import annotations

from sqlalchemy import column, table

sensors = table(
    "sensors",
    *(column(each) for each in ("id", "source", "name", "unit", "thinned_until_us")),
)
readings = table(
    "readings",
    *(
        column(each)
        for each in (
            *("sensor", "at_us", "arrived_us", "raw", "raw_unit", "converted", "said"),
            *("value", "quality", "reason"),
        )
    ),
)
means = table(
    "reading_means",
    *(
        column(each)
        for each in (
            *("sensor", "start_us", "span_us", "n", "n_good", "mean", "sd", "lowest", "highest"),
        )
    ),
)
sources = table(
    "reading_sources",
    *(
        column(each)
        for each in (
            *("source", "last_sequence", "n_kept", "n_repeated", "n_refused"),
            *("n_missing", "refused_why", "heard_us"),
        )
    ),
)
