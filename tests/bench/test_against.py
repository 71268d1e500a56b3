"""Races against others: resumable, paired, and counted by hand."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from rich.console import Console

from planner.acquisition import Settings, choose
from planner.bench.against import Field, Own, Runs, compare_all, estimate, leave_out, race
from planner.bench.against.drawing import draw_ceilings, draw_ranks, draw_regrets, looks_of
from planner.bench.against.entrants import read_variant
from planner.bench.against.gaps import missed, rank_gap, to_lowest
from planner.bench.against.judged import judge
from planner.bench.against.leaving_out import tell_choices
from planner.bench.against.page import write_against
from planner.bench.against.tabulated import (
    comparison_json,
    overall,
    repeat_costs,
)
from planner.bench.functions import named_problems, play_problem
from planner.bench.pages import Origin
from planner.bench.peers.catalogue import PEERS
from planner.bench.racing import Rules
from planner.cli.contending import _say_estimate
from planner.errors import InputError
from planner.pictures.palette import BLACK
from tests.bench.fakes import as_entrant, make_fake
from tests.bench.hand_made import make_pool, make_race

# outcomes 0 ... 40: the winners are 38, 39, 40, two of them are half; best 40, median 20
POOL = make_pool(range(41), name="one", n_trials=8)
OTHER = make_pool(range(41), name="two", n_trials=8)
START = [0, 1, 2, 3, 4]
BEST = [*START, 40, 39, 38]  # regret after the start 0
MIDDLE = [*START, 30, 39, 40]  # 0.5, 0.05, 0
WORST = [*START, 5, 6, 7]
START_REGRET = (40 + 39 + 38 + 37 + 36) / 20
ORIGIN = Origin(command="planner bench", code="c0de", versions="numpy 2", machine="an abacus")


class Scripted:
    """An entrant whose races are written beforehand."""

    def __init__(self, name, rows, *, is_own=False, cpu_s=0.25, start="random"):
        self.name, self.is_own, self.start = name, is_own, start
        self._rows, self._cpu_s = rows, cpu_s
        self.played = []

    def race_file(self, folder, on, replay, *, seed):
        return folder / self.name / on.name / f"{replay}-{seed}.json"

    def play(self, on, rules, *, seed):
        self.played.append((rules.replay, on.name, seed))
        rows = self._rows(on.name, seed) if callable(self._rows) else self._rows
        made = make_race(on, rows, seed=seed)
        return made.model_copy(update={"ask_cpu_s": (self._cpu_s,) * len(made.ask_cpu_s)})


def line_up(tmp_path, *entrants, **changes):
    lineup = Field(
        entrants=entrants, courses=[POOL, OTHER], replays=["means"], n_own=4, n_other=3,
        folder=tmp_path,
    )  # fmt: skip
    return replace(lineup, **changes)


def test_ranks_are_by_mean_regret_over_the_budget_and_shared_where_equal(tmp_path):
    lineup = line_up(
        tmp_path,
        Scripted("planner", lambda pool, _: BEST if pool == "one" else WORST, is_own=True),
        Scripted("a", MIDDLE),
        Scripted("b", WORST),
    )
    [comparison] = compare_all(lineup, race(lineup))
    assert [pool.ranks for pool in comparison.pools] == [
        {"planner": 1, "a": 2, "b": 3}, {"planner": 2.5, "a": 1, "b": 2.5},
    ]  # fmt: skip
    assert comparison.mean_ranks["planner"].value == 1.75
    assert comparison.pools[0].regrets["a"] == pytest.approx((START_REGRET + 0.55) / 8)
    assert [pool.lowest for pool in comparison.pools] == ["a", "a"]
    # the planner less a: -0.55/8 on one, (35 + 34 + 33)/20/8 - 0.55/8 on two
    differences = [pool.differences["a"].value for pool in comparison.pools]
    assert differences == pytest.approx([-0.55 / 8, (5.1 - 0.55) / 8])
    assert comparison.less("planner", "a").value == pytest.approx(np.mean(differences))
    assert missed(comparison) == []  # three starts are too few to tell
    assert [math.isinf(pool.differences["a"].high) for pool in comparison.pools] == [True, True]
    lineup = replace(lineup, n_own=5, n_other=5)
    [comparison] = compare_all(lineup, race(lineup))
    assert missed(comparison) == ["two"]


def test_differences_are_paired_over_the_starts_that_both_have_run(tmp_path):
    """The planner's sixth start is bad, and nobody else runs it: it must not count."""
    rows = [[*START[: 5 - seed], *range(10, 10 + seed), 40, 39, 38] for seed in range(5)]
    own = Scripted("planner", lambda _, seed: WORST if seed == 5 else rows[seed], is_own=True)
    a = Scripted("a", lambda _, seed: rows[seed])
    lineup = line_up(tmp_path, own, a, n_own=6, n_other=5)
    [comparison] = compare_all(lineup, race(lineup))
    for pool in comparison.pools:
        # a constant difference has no width, however much the starts differ among themselves
        difference = pool.differences["a"]
        assert (difference.value, difference.low, difference.high) == (0, 0, 0)
        assert len(pool.judged["planner"].regrets) == 6


def test_a_regret_is_that_of_the_starts_of_the_first_also_for_who_has_run_few(tmp_path):
    """The late starts are far worse for everybody; who has not run them is no better for that."""
    first = [BEST, WORST, WORST, WORST]
    own = Scripted("planner", lambda _, seed: first[seed], is_own=True)
    worse = [MIDDLE, WORST, WORST]
    lineup = line_up(
        tmp_path, own, Scripted("a", lambda _, seed: worse[seed]), Scripted("b", BEST),
        courses=[POOL],
    )  # fmt: skip
    runs = race(lineup)
    for seed in (1, 2):
        del runs.of("means", POOL, "a")[seed]
    [pool] = compare_all(lineup, runs)[0].pools
    end = (35 + 34 + 33) / 20 / 8  # what three bad trials cost over eight
    assert pool.regrets["planner"] == pytest.approx(START_REGRET / 8 + 3 / 4 * end)
    # a has run one start, on which it lacks 0.55 more over the budget
    assert pool.regrets["a"] == pytest.approx(pool.regrets["planner"] + 0.55 / 8)
    assert pool.regrets["b"] == pytest.approx(pool.regrets["planner"] - 2 / 3 * end)
    assert pool.ranks == {"b": 1, "planner": 2, "a": 3}


def test_variants_of_the_planner_are_no_rivals_and_only_those_of_its_start_are_chosen_among(
    tmp_path,
):
    own = Scripted("planner", MIDDLE, is_own=True)
    better = Scripted("own_start", BEST, is_own=True, start="own")
    worse = Scripted("greedy", WORST, is_own=True)
    lineup = line_up(tmp_path, own, better, worse, Scripted("a", [*START, 25, 30, 35]))
    [comparison] = compare_all(lineup, race(lineup))
    assert {name: rank.value for name, rank in comparison.mean_ranks.items()} == {
        "planner": 1, "own_start": 1, "greedy": 2, "a": 2,
    }  # fmt: skip
    assert lineup.own_alike == ["planner", "greedy"]
    page = tmp_path / "against.md"
    write_against(page, lineup, [comparison], missing={}, origin=ORIGIN)
    text = page.read_text()
    assert "pools: planner; planner less a -1.00 (too few pools)." in text
    assert "(only own_start choose their own)" in text
    assert {each.best for each in leave_out(comparison, lineup.own_alike)} == {"planner"}


def test_half_regret_left_and_seconds_are_those_of_the_races():
    races = [make_race(POOL, rows, seed=seed) for seed, rows in enumerate([BEST, WORST])]
    judged = judge(POOL, "means", races)
    assert judged.halves == {0: 7, 1: math.inf}
    assert judged.half == math.inf
    assert judged.n_not_half == 1
    assert judged.acceleration == judged.share_of_ceiling == 0
    assert judged.left == pytest.approx((0 + 33 / 20) / 2)  # shorter races keep what they had
    assert judged.ask_cpu_s == 0.25
    dear = judge(POOL, "means", [races[0].model_copy(update={"set_up_cpu_s": 3.0})])
    assert dear.ask_cpu_s == pytest.approx(1.25)  # 3.75 s over 3 asks
    assert dear.bare_ask_cpu_s == 0.25


def test_half_counts_within_the_long_race_and_regret_within_the_budget():
    pool = replace(POOL, n_trials=6)
    made = make_race(pool, BEST)
    assert judge(pool, "means", [made]).half == math.inf  # trial 7 is beyond the budget
    assert judge(pool, "means", [made]).late_half == 7
    assert judge(replace(pool, n_long=8), "means", [made]).half == 7
    regret = judge(replace(pool, n_long=8), "means", [made]).regrets[0]
    assert regret == pytest.approx(START_REGRET / 6)


def test_a_race_that_was_ended_goes_on_and_plays_none_twice(tmp_path):
    entrants = Scripted("planner", BEST, is_own=True), Scripted("a", WORST)
    lineup = line_up(tmp_path, *entrants)
    n_heard = count(1)

    def interrupt(*_):
        if next(n_heard) == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        race(lineup, heard=interrupt)
    assert sum(len(entrant.played) for entrant in entrants) == 10
    runs = race(lineup)
    assert sum(len(entrant.played) for entrant in entrants) == 8 + 6
    assert len(set(entrants[0].played)) == 8
    assert len(runs.of("means", POOL, "a")) == 3


def test_seeds_are_run_over_all_pools_in_turn_and_replays_one_after_the_other(tmp_path):
    doubled = make_pool([[each, each + 1] for each in range(41)], name="two", n_trials=8)
    a = Scripted("a", WORST)
    lineup = line_up(tmp_path, a, courses=[POOL, doubled], replays=["means", "repeat"], n_other=2)
    race(lineup)
    assert a.played == [
        ("means", "one", 0), ("means", "two", 0), ("means", "one", 1), ("means", "two", 1),
        ("repeat", "two", 0), ("repeat", "two", 1),  # one has no repeats to draw
    ]  # fmt: skip


def test_a_planner_that_takes_more_than_a_second_an_ask_runs_ten_starts(tmp_path):
    slow, quick = Scripted("slow", WORST, cpu_s=1.01), Scripted("quick", WORST, cpu_s=0.99)
    own = Scripted("planner", BEST, is_own=True, cpu_s=9.0)
    lineup = line_up(tmp_path, own, slow, quick, n_own=12, n_other=12)
    race(lineup)
    assert [len(each.played) for each in (own, slow, quick)] == [24, 20, 24]
    assert [each.n_races for each in estimate(lineup)] == [0, 0, 0]


def test_stored_races_of_others_are_read_and_none_is_played(tmp_path):
    a, own = Scripted("a", WORST), Scripted("planner", BEST, is_own=True)
    variant = Scripted("variant", MIDDLE, is_own=True)
    race(line_up(tmp_path, a, n_other=2))
    race(line_up(tmp_path, variant, n_own=3))
    for each in (a, variant):
        each.played.clear()
    lineup = line_up(tmp_path, own, variant, a, is_stored=True)
    runs = race(lineup)
    assert a.played == variant.played == []
    assert len(own.played) == 8
    assert len(runs.of("means", POOL, "a")) == 2
    assert len(runs.of("means", POOL, "variant")) == 3
    assert [each.entrant for each in estimate(lineup)] == ["planner"]
    [comparison] = compare_all(lineup, runs)
    counted = {row[0]: row[2] for row in overall(comparison).rows}
    assert counted == {"planner": "4", "variant": "3", "a": "2"}


def test_who_has_raced_in_one_replay_alone_is_left_out_of_the_other(tmp_path):
    pool = make_pool([[each, each] for each in range(41)], name="one", n_trials=10)
    a, b = Scripted("a", BEST), Scripted("b", WORST)
    own = Scripted("planner", BEST, is_own=True)
    race(line_up(tmp_path, own, a, courses=[pool], replays=["means", "repeat"]))
    race(line_up(tmp_path, b, courses=[pool], replays=["means"]))
    lineup = line_up(
        tmp_path, own, a, b, courses=[pool], replays=["means", "repeat"], is_stored=True
    )
    means, repeat = compare_all(lineup, race(lineup))
    assert means.rivals == ("planner", "a", "b")
    assert repeat.rivals == ("planner", "a")
    assert set(repeat.mean_ranks) == {"planner", "a"}
    page = tmp_path / "against.md"
    write_against(page, lineup, [means, repeat], missing={}, origin=ORIGIN)
    before, after = page.read_text().split("## One real repeat drawn")
    assert "Ranked without b, which did not run here." in after
    assert "did not run here" not in before


def test_starts_are_counted_from_the_races_least_to_most_over_pools(tmp_path):
    own, a = Scripted("planner", BEST, is_own=True), Scripted("a", MIDDLE)
    lineup = line_up(tmp_path, own, a, Scripted("b", WORST))
    runs = race(lineup)
    del runs.of("means", POOL, "a")[2]
    runs.of("means", OTHER, "b").clear()
    [comparison] = compare_all(lineup, runs)
    counted = {row[0]: row[1:3] for row in overall(comparison).rows}
    assert counted == {"planner": ("8", "4"), "a": ("5", "2 to 3"), "b": ("3", "0 to 3")}


def test_a_pool_is_judged_by_the_lowest_peer_that_shares_starts_enough(tmp_path):
    """The lowest has run four starts of five; the next decides, and the page says so."""
    own, a = Scripted("planner", WORST, is_own=True), Scripted("a", BEST)
    lineup = line_up(tmp_path, own, a, Scripted("b", MIDDLE), n_own=5, n_other=5)
    runs = race(lineup)
    del runs.of("means", POOL, "a")[4]
    [comparison] = compare_all(lineup, runs)
    assert [pool.lowest for pool in comparison.pools] == ["a", "a"]
    assert [pool.lowest_bounded for pool in comparison.pools] == ["b", "a"]
    less = [to_lowest(pool) for pool in comparison.pools]
    assert [each.value for each in less] == pytest.approx([(5.1 - 0.55) / 8, 5.1 / 8])
    assert missed(comparison) == ["one", "two"]
    page = tmp_path / "against.md"
    write_against(page, lineup, [comparison], missing={}, origin=ORIGIN)
    text = page.read_text()
    assert "is not below 0.05 on 2 of 2 pools: one, two." in text
    assert "by the lowest planner that shares 5 starts: on one by b, as a, which is lower" in text
    assert "| b (a shares 4 starts) |" in text
    del runs.of("means", POOL, "b")[4]
    [comparison] = compare_all(lineup, runs)
    assert comparison.pools[0].lowest_bounded == "a"
    write_against(page, lineup, [comparison], missing={}, origin=ORIGIN)
    assert "On 1 pool no other planner shares 5 starts with planner." in page.read_text()


def test_a_gap_of_mean_ranks_has_the_interval_of_other_courses(tmp_path):
    """Of ten pools the planner is first on seven: the gap is -0.4, and sure by no means.

    A resample in which it leads on r of ten has the gap 1 - r / 5; r is binomial of ten and 0.7,
    whose 2.5 and 97.5 % quantiles are 4 and 9 (4.7 % lie at most at 4, 1.1 % at most at 3).
    """
    pools = [replace(POOL, name=f"p{place}") for place in range(10)]
    lineup = line_up(
        tmp_path,
        Scripted("planner", lambda name, _: WORST if name in ("p0", "p1", "p2") else BEST,
                 is_own=True),
        Scripted("a", MIDDLE),
        courses=pools, n_own=1, n_other=1,
    )  # fmt: skip
    [comparison] = compare_all(lineup, race(lineup))
    gap = comparison.rank_less("planner", "a")
    assert (gap.value, gap.low, gap.high) == pytest.approx((-0.4, -0.8, 0.2))
    assert rank_gap(comparison) == "planner less a -0.40 (-0.80 to +0.20)"
    page = tmp_path / "against.md"
    write_against(page, lineup, [comparison], missing={}, origin=ORIGIN)
    said = "Lowest mean rank over 10 pools: planner; planner less a -0.40 (-0.80 to +0.20)."
    assert said in page.read_text()


def test_beside_the_interval_of_other_starts_stands_that_of_other_pools(tmp_path):
    """Every start of a pool gives the same difference, so other starts would change nothing."""
    pools = [replace(POOL, name=f"p{place}") for place in range(5)]
    rows = {"p0": WORST}
    lineup = line_up(
        tmp_path, Scripted("planner", BEST, is_own=True),
        Scripted("a", lambda name, _: rows.get(name, BEST)), courses=pools, n_own=3, n_other=3,
    )  # fmt: skip
    [comparison] = compare_all(lineup, race(lineup))
    given, drawn = comparison.less("planner", "a"), comparison.less_among("planner", "a")
    gain = -5.1 / 8 / 5
    assert (given.value, given.low, given.high) == pytest.approx((gain, gain, gain))
    # one of five differs by 5 gain: the standard error of the mean is gain, Student's t 2.776
    assert drawn.value == pytest.approx(gain)
    assert (drawn.low, drawn.high) == pytest.approx((gain * 3.776, -gain * 1.776), rel=1e-3)
    facts = comparison_json(comparison, missing={})["entrants"]
    assert facts["planner"]["first_less_it_with_other_courses"] is None
    assert facts["a"]["first_less_it_with_other_courses"]["high"] == drawn.high
    assert facts["a"]["first_rank_less_its"]["value"] == pytest.approx(-0.2)
    row = overall(comparison).rows[1]
    assert row[5:7] == (f"{gain:+.3f} ({gain:+.3f} to {gain:+.3f})",
                        f"{gain * 3.7764:+.3f} to {-gain * 1.7764:+.3f}")  # fmt: skip


def test_the_cost_is_told_beforehand_from_races_or_from_the_first_which_is_kept(tmp_path):
    a = Scripted("a", WORST, cpu_s=2.0)
    [said] = estimate(line_up(tmp_path, a))
    # of 6 races of 40 trials, 35 of them asks of 2 s, one is run to know that
    assert said.n_races == 5
    assert said.cpu_h == pytest.approx(5 * 35 * 2 / 3600)
    assert said.basis == "its race on two"
    assert a.played == [("means", "two", 0)]
    [slow] = estimate(line_up(tmp_path, a, n_other=50))
    assert slow.n_races == 19  # ten starts, as it takes two seconds an ask
    race(line_up(tmp_path, a, n_other=1))
    assert len(a.played) == 2
    [said] = estimate(line_up(tmp_path, a))
    assert said.n_races == 4
    assert said.basis == "2 races that are there"


def test_a_failed_race_keeps_what_it_had_and_is_counted(tmp_path):
    fake = as_entrant(make_fake(tmp_path, mood="raises"))
    lineup = line_up(tmp_path / "races", fake, courses=[POOL], n_other=2)
    heard = []
    [comparison] = compare_all(lineup, race(lineup, heard=lambda *what: heard.append(what[3])))
    assert [each.failure for each in heard] == ["ArithmeticError: the matrix is singular"] * 2
    judged = comparison.pools[0].judged["fake"]
    assert set(judged.failures) == {0, 1}
    assert judged.curve.size == 7
    assert overall(comparison).rows[0][-1] == "2"
    # it is not run again, and what is on disk holds no outcome
    again = race(lineup).of("means", POOL, "fake")
    assert again[0].failure == heard[0].failure
    kept = json.loads(next((tmp_path / "races").rglob("seed-000.json")).read_text())
    assert {"rows", "kinds", "ask_cpu_s", "failure"} <= set(kept)
    assert "outcomes" not in kept


def test_races_of_another_driver_or_other_settings_lie_elsewhere(tmp_path):
    peer = make_fake(tmp_path)
    changed = tmp_path / "changed.py"
    changed.write_text(peer.driver.read_text() + "\nX = 1\n")
    files = {
        as_entrant(replace(peer, driver=changed)).race_file(tmp_path, POOL, "means", seed=0),
        as_entrant(peer).race_file(tmp_path, POOL, "means", seed=0),
        as_entrant(peer).race_file(tmp_path, POOL, "repeat", seed=0),
        as_entrant(peer).race_file(tmp_path, OTHER, "means", seed=0),
        Own().race_file(tmp_path, POOL, "means", seed=0),
        Own(settings=Settings(beta=0.5)).race_file(tmp_path, POOL, "means", seed=0),
        Own(start="own").race_file(tmp_path, POOL, "means", seed=0),
    }
    assert len(files) == 7


def test_a_pool_is_judged_by_what_the_others_choose():
    """On one the second variant wins narrowly, on two the first by far: each misleads the other."""
    lineup = Field(
        entrants=[Scripted(name, BEST, is_own=True) for name in ("first", "second")],
        courses=[POOL, OTHER], replays=["means"], n_own=1, n_other=1, folder=None,
    )  # fmt: skip
    rows = {
        ("one", "first"): MIDDLE, ("one", "second"): BEST,
        ("two", "first"): BEST, ("two", "second"): WORST,
    }  # fmt: skip
    runs = Runs()
    for on in (POOL, OTHER):
        for entrant in lineup.entrants:
            runs.add("means", on, entrant, make_race(on, rows[on.name, entrant.name]))
    [comparison] = compare_all(lineup, runs)
    one, two = leave_out(comparison, ["first", "second"])
    assert (one.pool, one.chosen, one.best) == ("one", "first", "second")
    assert (two.pool, two.chosen, two.best) == ("two", "second", "first")
    assert two.regret > two.best_regret == two.first_regret
    assert leave_out(comparison, ["first"]) == []
    told = tell_choices([one, two], ["first", "second"], course="pool")
    assert told == "Of 2 pools the others chose first (in use) for 1 and second for 1."
    told = tell_choices([two, two], ["first", "second"], course="pool")
    assert told == "Of 2 pools the others chose second for 2 and first (in use) for none."


def test_what_a_repeat_costs_is_the_ratio_of_median_halves(tmp_path):
    pool = make_pool([[each, each] for each in range(41)], name="one", n_trials=10)
    late = [*START, 5, 6, 40, 39, 38]  # half at trial 9 rather than 7

    class Noisy(Scripted):
        def play(self, on, rules, *, seed):
            self._rows = late if rules.replay == "repeat" else BEST
            return super().play(on, rules, seed=seed)

    lineup = line_up(
        tmp_path, Noisy("planner", None, is_own=True), courses=[pool],
        replays=["means", "repeat"],
    )  # fmt: skip
    comparisons = compare_all(lineup, race(lineup))
    assert repeat_costs(comparisons).rows == (
        ("one", f"{9 / 7:.2f}"), ("geometric mean", f"{9 / 7:.2f} (1 of 1)"),
    )  # fmt: skip
    assert repeat_costs(comparisons[:1]) is None


def test_the_page_and_its_pictures_show_every_planner_and_what_failed(tmp_path):
    fake = as_entrant(make_fake(tmp_path, mood="raises"))
    own = Scripted("planner", BEST, is_own=True)
    lineup = line_up(tmp_path / "races", own, Scripted("a|b", MIDDLE), fake)
    comparisons = compare_all(lineup, race(lineup))
    page = tmp_path / "against.md"
    write_against(page, lineup, comparisons, missing={"hebo": "pip says no"}, origin=ORIGIN)
    text = page.read_text()
    assert "hebo did not race: pip says no" in text
    assert "ArithmeticError: the matrix is singular" in text
    assert text.count("the matrix is singular") == 6
    assert "Lowest mean rank over 2 pools: " in text
    for what in ("regret", "rank", "ceiling"):
        assert f"](against_{what}_means.svg)" in text
        assert (tmp_path / f"against_{what}_means.svg").read_text().count("<svg") == 1
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    [comparison] = comparisons
    assert json.loads(json.dumps(comparison_json(comparison, missing={}), allow_nan=False))
    assert draw_regrets(comparison).count("planner-0") >= 2
    for drawn in (draw_ranks(comparison), draw_ceilings(comparison)):
        assert "fake" in drawn
        assert "planner" in drawn


def test_a_page_of_test_functions_has_no_ceiling(tmp_path):
    [problem] = named_problems(["branin_2"])
    points = problem.course("means").start(seed=0)
    made = make_race(POOL, range(5)).model_copy(update={"rows": (), "points": tuple(points)})
    lineup = line_up(tmp_path, Scripted("planner", BEST, is_own=True), courses=[problem])
    runs = Runs()
    runs.add("means", problem, lineup.entrants[0], made)
    write_against(tmp_path / "f.md", lineup, compare_all(lineup, runs), missing={}, origin=ORIGIN)
    assert "ceiling" not in {path.stem.split("_")[1] for path in tmp_path.glob("f_*.svg")}
    text = (tmp_path / "f.md").read_text()
    assert "| branin_2 | 40 | " in text
    assert text.startswith("# Against other planners on test functions\n")
    assert "## Without noise" in text
    assert "pool" not in text


def test_one_race_on_one_function_claims_no_more_than_that(tmp_path):
    [problem] = named_problems(["branin_2"])
    points = problem.course("means").start(seed=0)
    made = make_race(POOL, range(5)).model_copy(update={"rows": (), "points": tuple(points)})
    entrants = Scripted("planner", BEST, is_own=True), Scripted("random", WORST)
    lineup = line_up(tmp_path, *entrants, courses=[problem], n_own=1, n_other=3)
    runs = Runs()
    runs.add("means", problem, entrants[0], made)
    for seed in range(3):
        runs.add("means", problem, entrants[1], made.model_copy(update={"seed": seed}))
    [comparison] = compare_all(lineup, runs)
    assert math.isinf(comparison.mean_ranks["planner"].high)
    assert overall(comparison).rows[0][1:4] == ("1", "1", "1.50 (too few functions)")
    assert overall(comparison).rows[1][1:3] == ("3", "3")
    json.dumps(comparison_json(comparison, missing={}), allow_nan=False)
    drawn = draw_ranks(comparison)
    assert "Over the 1 function on which" in " ".join(drawn.split())
    assert "Bars" not in drawn
    assert "interval-" not in drawn
    regrets = " ".join(draw_regrets(comparison).split())
    assert "mean over 1 start (3 of random) of what" in regrets
    assert "upright" not in regrets
    write_against(tmp_path / "f.md", lineup, [comparison], missing={}, origin=ORIGIN)
    text = (tmp_path / "f.md").read_text()
    assert "ran stands in its row, least to most over the functions; differences" in text
    assert "Lowest mean rank over 1 function: " in text


def test_a_page_names_the_readme_beside_it_and_none_that_is_not_there(tmp_path):
    lineup = line_up(tmp_path / "races", Scripted("planner", BEST, is_own=True))
    comparisons = compare_all(lineup, race(lineup))
    page = tmp_path / "against.md"
    write_against(page, lineup, comparisons, missing={}, origin=ORIGIN)
    assert "README.md" not in page.read_text()
    (tmp_path / "README.md").write_text("What is measured.")
    write_against(page, lineup, comparisons, missing={}, origin=ORIGIN)
    assert "said in [README.md](README.md)" in page.read_text()


@pytest.mark.parametrize(("n_trials", "is_drawn"), [(6, True), (8, False)])
def test_the_line_that_ends_the_budget_is_named_where_it_is_drawn(tmp_path, n_trials, is_drawn):
    pool = replace(POOL, n_trials=n_trials)  # a race has 8
    lineup = line_up(tmp_path, Scripted("planner", BEST, is_own=True), courses=[pool])
    [comparison] = compare_all(lineup, race(lineup))
    drawn = " ".join(draw_regrets(comparison).split())
    assert ("upright line is the end of the budget" in drawn) == is_drawn
    assert "mean over 4 starts of what" in drawn


def test_what_is_left_to_run_is_told_in_words(tmp_path):
    a = Scripted("a", WORST)
    race(line_up(tmp_path, a, n_other=1))
    said = Console(file=io.StringIO(), width=200)
    _say_estimate(line_up(tmp_path, a, n_other=1), said)
    _say_estimate(line_up(tmp_path, a, courses=[POOL], n_other=2), said)
    lines = said.file.getvalue().splitlines()
    assert lines[0] == "a: no race to run, all are there"
    assert lines[1].startswith("a: 1 race to run, ")


def test_the_planner_races_on_a_test_function():
    [problem] = named_problems(["branin_2"])
    played = play_problem(problem, Rules(n_trials=8), seed=0)
    assert len(played.points) == 8
    assert played.kinds == ("start",) * 5 + ("model",) * 3
    judged = judge(problem, "means", [played])
    best = min(problem.values(np.array(played.points)))
    assert judged.curve[-1] == pytest.approx((best - problem.optimum) / problem.regret_scale)
    assert math.isnan(judged.half)


def test_on_a_test_function_the_forecasts_correct_the_next_ones_as_in_a_campaign():
    [problem] = named_problems(["branin_2"])
    heard = []

    def listen(situation, *, q, seed):
        heard.append(situation.forecasts.errors.size)
        return choose(situation, q=q, seed=seed)

    play_problem(problem, Rules(n_trials=8), seed=0, chooser=listen)
    assert heard == [0, 1, 2]


def test_a_variant_is_read_with_every_setting_of_the_policy():
    variant = read_variant("greedy=beta:0.5,n_start:3,start:own")
    assert (variant.name, variant.start) == ("greedy", "own")
    assert variant.settings == Settings(beta=0.5, n_start=3)
    assert read_variant("same=") == Own(name="same")
    assert read_variant("own_start") == Own(name="own_start", start="own")
    assert read_variant("recipe").settings.is_corrected is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("greedy=beta", "'beta' is no setting:value"),
        ("greedy", "cannot be read.* Known by name alone are own_start, recipe"),
        ("greedy=alpha:1", "settings start .*beta, n_start"),
        ("=beta:1", "cannot be read"),
        ("far=beta:-1", r"^Variant 'far=beta:-1': The policy needs beta of at least 0 .* 5\.$"),
        ("greedy=beta:much", "beta"),
        ("greedy=beta:-1", "beta of at least 0"),
        ("greedy=start:late", "start .random or own."),
        ("other=family:gq", r"^Variant 'other=family:gq': There is no model family 'gq'; .* gp, "),
    ],
)
def test_a_variant_that_cannot_be_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        read_variant(text)


def test_two_planners_of_one_name_are_refused(tmp_path):
    with pytest.raises(InputError, match="called 'a'"):
        line_up(tmp_path, Scripted("a", BEST), Scripted("a", WORST))


def test_what_lies_in_the_start_is_told_and_own_starts_are_counted(tmp_path):
    other_way_round, elsewhere = [4, 3, 2, 1, 0, *BEST[5:]], [10, 11, 12, 13, 14, 40, 39, 38]
    starts = [BEST, other_way_round, elsewhere, elsewhere]
    lineup = line_up(
        tmp_path,
        Scripted("planner", WORST, is_own=True),
        Scripted("own", lambda _, seed: starts[seed], is_own=True, start="own"),
        Scripted("a", MIDDLE),
    )
    [comparison] = compare_all(lineup, race(lineup))
    assert comparison.mean_floor == pytest.approx(START_REGRET / 8)
    assert comparison.own_starts == {"own": 2}
    # two courses are too few a sample of courses, four starts on each are not of starts
    assert math.isinf(comparison.less("planner", "own").high)
    assert math.isfinite(comparison.less("planner", "a").high)
    page = tmp_path / "against.md"
    write_against(page, lineup, [comparison], missing={}, origin=ORIGIN)
    text = page.read_text()
    assert "different ones on a pool, in the median: 2 of own" in text
    assert f"{START_REGRET / 8:.3f} lies in the trials of the start" in text


def test_as_many_planners_as_there_are_look_all_different(tmp_path):
    names = ["planner", "own_start", "recipe", "recipe_own_start", *PEERS]
    entrants = [Scripted(name, MIDDLE, is_own=place < 4) for place, name in enumerate(names)]
    lineup = line_up(tmp_path, *entrants, courses=[POOL])
    [comparison] = compare_all(lineup, race(lineup))
    looks = list(looks_of(comparison).values())
    assert len({look.marker for look in looks}) == len(looks) == 11
    assert len({look.colour for look in looks}) == len(looks)
    assert looks[0].colour == BLACK  # the planner itself stands out
