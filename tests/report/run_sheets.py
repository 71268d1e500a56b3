"""Run sheets to look at: small, and as full as they get."""

from __future__ import annotations

from planner.report.run_sheet import RunColumn, RunRow, RunSheetHead, make_run_sheet

HEAD = RunSheetHead(
    campaign="suzuki-coupling",
    who="A. Curie",
    date="21 November 2026",
    note="Keep the samples cold.",
    set_up_time="Changing the set-up takes 1 h in this order, 40 min less than as chosen.",
)
REASON = "Chosen by the model: expected yield 81.3 %, 74 to 89 with probability 0.9. " * 2
OUTCOMES = [RunColumn(name="yield", unit="%"), RunColumn(name="purity", unit="area_percent")]


def make_sheet(n_trials: int, *, n_parameters: int = 5, n_outcomes: int = 2) -> str:
    parameters = [
        RunColumn(name="temperature", unit="degC"),
        RunColumn(name="residence_time_in_the_second_reactor", unit="min"),
        RunColumn(name="solvent"),
        RunColumn(name="catalyst", unit="mol_percent"),
        RunColumn(name="flow_rate", unit="mL/min"),
    ]
    longest = "-2.2250738585072014e-308"
    values = ["112.5", "\u22120.00000125", "2-methyltetrahydrofuran", "1.5", longest]
    rows = [
        RunRow(
            trial=str(100 + i),
            settings=tuple(values[j % 5] for j in range(n_parameters)),
            reason=REASON,
            set_up="solvent line: flush with THF (20 min)" if i % 3 == 0 else "",
            place="reactor B" if i % 2 else "",
        )
        for i in range(n_trials)
    ]
    columns = [parameters[j % 5] for j in range(n_parameters)]
    outcomes = [OUTCOMES[j % 2] for j in range(n_outcomes)]
    return make_run_sheet("Run sheet", columns, rows, outcomes=outcomes, head=HEAD)
