"""The pools that are known: real tables in a folder, and those that two packages ship.

A folder holds ``NAME/data.csv`` with a header line. The packages are read, never imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from planner.bench.pools import Pool, PoolRef, read_pool
from planner.errors import UnknownName
from planner.tables import Column, TableRef

OLYMP = "0.0.1b0"
SUMMIT = "0.8.4"

_FULLERENES = ("reaction_time_min", "sultine_equiv", "temperature_C", "mole_fraction_product")
_SUZUKI = ("temperature_C", "pd_mol_pct", "ArBpin_equiv", "K3PO4_equiv", "yield_pct")
_SNAR = (
    "residence_time_min", "morpholine_equiv", "concentration_M", "temperature_C", "e_factor",
)  # fmt: skip
_BENZYLATION = (
    "flow_rate_mL_min", "benzyl_bromide_equiv", "solvent_equiv", "temperature_C",
    "impurity_yield_pct",
)  # fmt: skip
_HPLC = (
    "sample_loop_mL", "additional_volume_mL", "tubing_volume_mL", "sample_flow_mL_min",
    "push_speed_Hz", "wait_time_s", "peak_area",
)  # fmt: skip
_REIZMAN = ("catalyst", "t_res_s", "temperature_C", "catalyst_loading_mol_pct", "yield_pct")
_COF = (
    "pore_diameter_A", "void_fraction", "surface_area_m2_g", "crystal_density_kg_m3", "x_B", "x_O",
    "x_C", "x_H", "x_Si", "x_N", "x_S", "x_P", "x_halogens", "x_metals", "gcmc_selectivity",
)  # fmt: skip
_BAUMGARTNER = (
    "catalyst", "base", "base_equivalents", "temperature_C", "t_res_s", "yield_frac",
)  # fmt: skip
_LIG = ("laser_power_mW", "time_ms", "gas", "pressure_psi", "G_over_D")


def known_pools(tables: Path | None) -> dict[str, PoolRef]:
    """Returns the pools of a folder of real tables or, without one, of the packages, by name."""
    return _in_packages() if tables is None else _in_folder()


def read_pools(names: Sequence[str], *, tables: Path | None) -> list[Pool]:
    """Reads pools.

    Args:
        names: which; empty for all that are there.
        tables: folder of real tables; None for those of the packages olymp and summit.

    Raises:
        UnknownName: there is no pool of a name.
        MissingPackage: a package is not installed.
        TableError: a table is not there, or cannot be read as described.
    """
    known = known_pools(tables)
    unknown = [name for name in names if name not in known]
    if unknown:
        more = " Others are read from a folder: --tables DIR." if tables is None else ""
        raise UnknownName(f"There is no table {unknown[0]!r}. Known are {', '.join(known)}.{more}")
    folder = tables or Path.cwd()
    chosen = names or [name for name, ref in known.items() if _is_there(ref, tables)]
    if not chosen:
        raise UnknownName(
            f"The folder {folder} holds none of the known tables. It should hold NAME/data.csv, "
            f"such as agnp/data.csv."
        )
    return [read_pool(known[name], folder=folder) for name in chosen]


def _is_there(ref: PoolRef, tables: Path | None) -> bool:
    return tables is None or (tables / ref.table.path).is_file()


def _in_folder() -> dict[str, PoolRef]:
    """Returns the pools of a folder of real tables, columns named as in their files."""
    refs = [
        _ref(
            "agnp",
            ("Q_AgNO3_pct", "Q_PVA_pct", "Q_TSC_pct", "Q_seed_pct", "Q_total_uL_min", "loss"),
            is_maximised=False, promise=17,
        ),
        _ref(
            "crossed_barrel", ("n", "theta", "r", "t", "toughness"), n_long=100, promise=75
        ),
        _ref(
            "p3ht_cnt",
            ("P3HT_pct", "CNT_D1_pct", "CNT_D2_pct", "CNT_D6_pct", "CNT_D8_pct",
             "conductivity_S_cm"),
            promise=25,
        ),
        _ref("fullerenes", _FULLERENES),
        _ref("autoam", ("prime_delay", "print_speed", "x_offset", "y_offset", "shape_score")),
        _ref("suzuki_batch", _SUZUKI),
        _ref(
            "perovskite_stability", ("CsPbI", "FAPbI", "MAPbI", "instability_index"),
            is_maximised=False,
        ),
        _ref("snar_flow", _SNAR, is_maximised=False),
        _ref("benzylation_flow", _BENZYLATION, is_maximised=False),
        _ref("hplc", _HPLC),
        *(
            _ref(f"reizman_{case}", _REIZMAN, file="reizman_suzuki", categories={"catalyst"},
                 only=("case", str(case)))
            for case in (1, 2, 3, 4)
        ),
        *(
            _ref(f"baumgartner_{task}", _BAUMGARTNER, file="baumgartner_cn_flow",
                 categories={"catalyst", "base"}, only=("nucleophile", task))
            for task in ("aniline", "benzamide")
        ),
        *(
            _ref(f"lig_{task}", _LIG, file="lig_graphene", categories={"gas"},
                 only=("precursor", task))
            for task in ("GOPI", "PI")
        ),
        _ref("cof_xekr", _COF, file="cof_xekr_mf"),
        _ref(
            "direct_arylation",
            ("base", "ligand", "solvent", "concentration", "temperature", "yield"),
            categories={"base", "ligand", "solvent"}, n_long=100,
        ),
        *(
            _ref(f"oer_{plate}", (*elements, "overpotential_V"), file="oer_plates",
                 is_maximised=False, only=("plate", str(plate)), n_long=100)
            for plate, elements in (
                (3496, ("Ni", "Fe", "Co", "Mn", "Ce", "La")),
                (3851, ("Ni", "Fe", "Co", "Mn", "Ta", "Cu")),
            )
        ),
    ]  # fmt: skip
    return {ref.name: ref for ref in refs}


def _in_packages() -> dict[str, PoolRef]:
    """Returns the pools that the packages ship."""
    refs = [
        _olymp("fullerenes", "fullerenes", _FULLERENES),
        _olymp("suzuki_batch", "suzuki", _SUZUKI),
        _olymp("snar_flow", "snar", _SNAR, is_maximised=False),
        _olymp("benzylation_flow", "benzylation", _BENZYLATION, is_maximised=False),
        _olymp("hplc", "hplc", _HPLC),
        *(_reizman(case) for case in (1, 2, 3, 4)),
    ]
    return {ref.name: ref for ref in refs}


def _ref(
    name: str,
    columns: Sequence[str],
    *,
    file: str | None = None,
    is_maximised: bool = True,
    categories: set[str] | None = None,
    only: tuple[str, str] | None = None,
    n_long: int | None = None,
    promise: int | None = None,
) -> PoolRef:
    """Returns a pool whose columns are named in the header line; the last one is the outcome."""
    wanted = (only[0], *columns) if only else tuple(columns)
    return PoolRef(
        name=name,
        table=TableRef(
            path=f"{file or name}/data.csv", columns=_columns({each: each for each in wanted})
        ),
        outcome=columns[-1],
        is_maximised=is_maximised,
        categories=frozenset(categories or ()),
        only=only,
        n_long=n_long,
        promise=promise,
    )


def _olymp(
    name: str, data_set: str, columns: Sequence[str], *, is_maximised: bool = True
) -> PoolRef:
    """Returns a pool of the package olymp: no header line, the outcome last."""
    places: dict[str, str | int] = {each: place for place, each in enumerate(columns, start=1)}
    return PoolRef(
        name=name,
        table=TableRef(
            distribution="olymp",
            version=OLYMP,
            path=f"olympus/datasets/dataset_{data_set}/data.csv",
            columns=_columns(places),
        ),
        outcome=columns[-1],
        is_maximised=is_maximised,
    )


def _reizman(case: int) -> PoolRef:
    """Returns one case of the package summit; a second header line is left out."""
    headers = ("catalyst", "t_res", "temperature", "catalyst_loading", "yld")
    return PoolRef(
        name=f"reizman_{case}",
        table=TableRef(
            distribution="summit",
            version=SUMMIT,
            path=f"summit/benchmarks/data/reizman_suzuki_case_{case}.csv",
            columns=_columns(dict(zip(_REIZMAN, headers, strict=True))),
            skip_rows=1,
        ),
        outcome="yield_pct",
        is_maximised=True,
        categories=frozenset({"catalyst"}),
    )


def _columns(places: Mapping[str, str | int]) -> dict[str, Column]:
    return {name: Column(column=place) for name, place in places.items()}
