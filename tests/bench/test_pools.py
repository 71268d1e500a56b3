"""Pools: what is read, what counts as repeats, and which settings are the best 5 %."""

from __future__ import annotations

import numpy as np
import pytest

from planner.bench import known_pools, pool_of_campaign, read_pool, read_pools
from planner.bench.pools import PoolRef, default_trials
from planner.campaign import Minimise, read_campaign
from planner.errors import InputError, TableError, UnknownName
from planner.space import Categorical, Continuous
from planner.tables import Column, TableRef
from tests.bench.hand_made import make_pool

# table: settings, best 5 %; counted by another program than ours when the tables were gathered
SIZES = {
    "agnp": (164, 9),
    "crossed_barrel": (600, 30),
    "p3ht_cnt": (178, 9),
    "perovskite_stability": (94, 5),
    "autoam": (100, 5),
    "fullerenes": (216, 11),
    "suzuki_batch": (247, 13),
    "hplc": (1007, 51),
    "snar_flow": (66, 4),
    "benzylation_flow": (72, 4),
    "direct_arylation": (1728, 87),
    "reizman_1": (81, 5),
    "reizman_2": (80, 4),
    "reizman_3": (93, 5),
    "reizman_4": (95, 5),
    "oer_3496": (2121, 107),
    "oer_3851": (2119, 106),
    "lig_GOPI": (209, 11),
    "lig_PI": (210, 11),
    "baumgartner_aniline": (96, 5),
    "baumgartner_benzamide": (59, 3),
    "cof_xekr": (608, 31),
}


def write_ref(folder, *, only=None, is_maximised=True):
    lines = ["base,T,task,yield", "KOH,20,a,3", "KOH,30,a,5", "KOH,20,a,4", "KF,20,b,9"]
    (folder / "data.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    columns = {name: Column(column=name) for name in ("base", "T", "task", "yield")}
    return PoolRef(
        name="written",
        table=TableRef(path="data.csv", columns=columns),
        outcome="yield",
        is_maximised=is_maximised,
        categories=frozenset({"base", "task"}),
        only=only,
    )


def test_repeats_of_a_setting_are_gathered_in_the_order_of_its_first_measurement(tmp_path):
    pool = read_pool(write_ref(tmp_path), folder=tmp_path)
    assert [tuple(row.values()) for row in pool.space.rows] == [
        ("KOH", 20.0, "a"), ("KOH", 30.0, "a"), ("KF", 20.0, "b"),
    ]  # fmt: skip
    assert [each.tolist() for each in pool.repeats] == [[3.0, 4.0], [5.0], [9.0]]
    assert pool.means.tolist() == [3.5, 5.0, 9.0]
    assert pool.n_repeated == 1
    # squares about the mean 0.25 + 0.25, one degree of freedom
    assert pool.repeat_sd == pytest.approx(np.sqrt(0.5))


def test_parameters_span_their_columns(tmp_path):
    pool = read_pool(write_ref(tmp_path), folder=tmp_path)
    base, temperature, task = pool.space.parameters
    assert isinstance(base, Categorical)
    assert base.choices == ("KF", "KOH")
    assert isinstance(task, Categorical)
    assert isinstance(temperature, Continuous)
    assert (temperature.low, temperature.high) == (20.0, 30.0)


def test_a_pool_may_be_a_part_of_a_table(tmp_path):
    ref = write_ref(tmp_path, only=("task", "a"))
    # its column is the same everywhere, so it is no parameter; base would be, so it is left out
    columns = {name: ref.table.columns[name] for name in ("T", "task", "yield")}
    part = PoolRef(
        name="part",
        table=TableRef(path="data.csv", columns=columns),
        outcome="yield",
        is_maximised=False,
        only=("task", "a"),
    )
    pool = read_pool(part, folder=tmp_path)
    assert pool.space.names == ("T",)
    assert [each.tolist() for each in pool.repeats] == [[3.0, 4.0], [5.0]]
    assert pool.objective == Minimise(outcome="yield")


def test_a_part_that_is_empty_is_refused(tmp_path):
    ref = write_ref(tmp_path, only=("task", "c"))
    with pytest.raises(TableError, match="no row"):
        read_pool(ref, folder=tmp_path)


@pytest.mark.parametrize(
    ("n_settings", "n_winners", "n_half"),
    [(20, 1, 1), (21, 2, 1), (40, 2, 1), (41, 3, 2), (164, 9, 5), (600, 30, 15), (66, 4, 2)],
)
def test_the_best_5_percent_are_rounded_up_and_half_of_them_too(n_settings, n_winners, n_half):
    pool = make_pool(range(n_settings))
    assert (pool.n_winners, pool.n_half) == (n_winners, n_half)
    assert pool.is_winner.sum() == n_winners


def test_winners_are_the_best_by_their_means_not_by_their_luckiest_repeat():
    outcomes = [[0.0]] * 18 + [[10.0, 0.0], [6.0]]
    assert np.flatnonzero(make_pool(outcomes).is_winner).tolist() == [19]
    low_is_good = make_pool(outcomes, objective=Minimise(outcome="yield"))
    assert np.flatnonzero(low_is_good.is_winner).tolist() == [0]  # of equal ones the first


def test_a_pool_of_other_numbers_has_another_digest():
    outcomes = [float(place) for place in range(20)]
    changed = [*outcomes[:-1], 19.5]
    assert make_pool(outcomes).digest == make_pool(outcomes).digest
    assert make_pool(outcomes).digest != make_pool(changed).digest


@pytest.mark.parametrize(("n", "trials"), [(66, 20), (164, 33), (216, 43), (600, 60)])
def test_a_race_takes_a_fifth_of_the_pool_between_20_and_60_trials(n, trials):
    assert default_trials(n) == trials


def test_pools_of_real_tables_have_the_sizes_that_were_counted_before(real_tables):
    sizes = {
        pool.name: (pool.n_settings, pool.n_winners) for pool in read_pools([], tables=real_tables)
    }
    assert sizes == SIZES


@pytest.mark.parametrize("name", ["fullerenes", "suzuki_batch", "hplc", "snar_flow",
                                  "benzylation_flow", "reizman_1", "reizman_4"])  # fmt: skip
def test_a_table_of_a_package_is_the_one_in_the_folder(name, real_tables):
    [packaged] = read_pools([name], tables=None)
    [gathered] = read_pools([name], tables=real_tables)
    assert packaged.digest == gathered.digest


def test_all_known_pools_of_the_packages_can_be_read():
    assert [pool.name for pool in read_pools([], tables=None)] == list(known_pools(None))


def test_an_unknown_table_is_named_with_those_that_are_known(tmp_path):
    with pytest.raises(UnknownName, match=r"'agnp'.*fullerenes.*--tables DIR"):
        read_pools(["agnp"], tables=None)
    with pytest.raises(UnknownName, match="none of the known tables"):
        read_pools([], tables=tmp_path)


def test_a_campaign_that_replays_a_table_is_a_pool(project):
    file = project / "campaigns" / "fullerene_flow.yaml"
    pool = pool_of_campaign(read_campaign(file), folder=file.parent)
    [same] = read_pools(["fullerenes"], tables=None)
    assert (pool.n_settings, pool.n_winners, pool.n_trials) == (216, 11, 40)
    assert sorted(pool.means) == sorted(same.means)
    assert pool.repeat_sd == pytest.approx(same.repeat_sd)


def test_a_campaign_without_a_table_cannot_be_judged(project):
    file = project / "campaigns" / "by_hand.yaml"
    with pytest.raises(InputError, match="replays no table"):
        pool_of_campaign(read_campaign(file), folder=file.parent)
