"""``lab:`` of a campaign file: the ledger that the campaigns at a lab share."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import planner
from planner.campaign import parse_campaign
from planner.errors import CampaignFileError, InputError
from planner.loop.sessions.desk import Place, at_work, looking_at
from planner.loop.sessions.sharing import DATABASE_VARIABLE
from tests.cli.conftest import Typed, typed
from tests.loop.conftest import campaign_text

__all__ = ["typed"]  # the fixture
TEXT = campaign_text(policy="start: 1", budget="trials: 2").replace(
    "kind: adapter, adapter: none", "kind: person"
)


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)


def bench(folder: Path, lab: str, *, name: str = "bench") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.yaml"
    text = re.sub(r"^campaign: .*$", f"campaign: {name}", TEXT, flags=re.MULTILINE)
    file.write_text(f"{text}\nlab: {lab}\n")
    return file


def test_a_path_begins_in_the_folder_of_the_file_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bench(tmp_path / "files", "../shared/lab.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with at_work(Place(file=file), with_lab=False) as session:
        assert session.is_shared
    assert (tmp_path / "shared" / "lab.db").exists()
    assert not (tmp_path / "files" / "bench.planner" / "ledger.db").exists()


def test_two_files_share_what_both_name_and_one_stop_reaches_both(
    typed: Typed, tmp_path: Path
) -> None:
    for name in ("north", "south"):
        with at_work(Place(file=bench(tmp_path, "lab.db", name=name)), with_lab=False) as session:
            known = [row.name for row in session.ledger.campaigns()]
    assert known == ["north", "south"]
    assert typed("stop", "--all", str(tmp_path / "north.yaml"), "--reason", "smoke").code == 0
    with looking_at(Place(file=tmp_path / "south.yaml")) as session:
        assert session.ledger.latch() is not None


def test_where_file_and_environment_differ_nothing_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bench(tmp_path, "lab.db")
    monkeypatch.setenv(DATABASE_VARIABLE, f"sqlite:///{tmp_path / 'other.db'}")
    with (
        pytest.raises(InputError, match=r"names another ledger.*unset the variable"),
        at_work(Place(file=file), with_lab=False),
    ):
        raise AssertionError("it opens one")
    assert [each.name for each in tmp_path.glob("*.db")] == []


@pytest.mark.parametrize(
    ("lab", "named"),
    [
        ("lab.db", "sqlite:///{folder}/lab.db"),
        ("lab.db", "{folder}/./lab.db"),
        ("sqlite:///{folder}/lab.db", "{folder}/lab.db"),
    ],
)
def test_they_may_both_name_it_each_in_its_way(
    lab: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bench(tmp_path, lab.format(folder=tmp_path))
    monkeypatch.setenv(DATABASE_VARIABLE, named.format(folder=tmp_path))
    with at_work(Place(file=file), with_lab=False) as session:
        assert session.is_shared
    assert (tmp_path / "lab.db").exists()


@pytest.mark.parametrize(
    ("lab", "named", "is_one"),
    [
        ("postgresql://server/lab", "postgresql://planner:s3cret@server:5432/lab", True),
        ("postgresql://planner@server/lab", "postgresql://planner@server:6000/lab", False),
        ("postgresql://planner@server/lab", "postgresql://planner@server/lab2", False),
        ("postgresql://planner@server/lab", "postgresql://planner@other/lab", False),
        ("postgresql://planner@server/lab", "/srv/lab", False),
    ],
)
def test_a_database_is_the_same_whoever_it_is_opened_as(
    lab: str, named: str, is_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable may know the password, so it is what is used."""
    from planner.loop.sessions.sharing import shared_ledger

    monkeypatch.setenv(DATABASE_VARIABLE, named)
    if is_one:
        assert shared_ledger(lab) == named
        return
    with pytest.raises(InputError) as caught:
        shared_ledger(lab)
    assert "s3cret" not in str(caught.value)


def test_the_ledger_may_move_without_the_campaign_being_another(tmp_path: Path) -> None:
    file = bench(tmp_path, "lab.db")
    with at_work(Place(file=file), with_lab=False) as session:
        begun = session.state.spec_digest
    (tmp_path / "moved").mkdir()
    (tmp_path / "lab.db").rename(tmp_path / "moved" / "lab.db")
    bench(tmp_path, "moved/lab.db")
    with at_work(Place(file=file), with_lab=False, may_begin=False) as session:
        assert session.state.spec_digest == begun


def test_a_campaign_described_in_python_names_it_too(tmp_path: Path) -> None:
    spec = parse_campaign(f"{TEXT}\nlab: lab.db\n", path="x.yaml")
    with planner.open(spec, folder=tmp_path) as campaign:
        campaign.ask()
    assert (tmp_path / "lab.db").exists()


@pytest.mark.parametrize(
    ("lab", "said"),
    [
        ("postgresql://planner:s3cret@server/lab", "holds a password, which no campaign file does"),
        ("postgresql://server/lab?password=s3cret", "holds a password"),
        ("postgresql://pla[nner:s3cret@server/lab", "holds a password"),
        ("mysql://planner:s3cret@server/lab", "is no ledger: write the path of a file"),
        ("sqlite:///s3cret.db", "begins in whatever folder a command is typed"),
        ("''", "lab"),
        ("5", "lab"),
    ],
)
def test_what_is_no_ledger_is_refused_without_a_word_of_its_secret(lab: str, said: str) -> None:
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(f"{TEXT}\nlab: {lab}\n", path="x.yaml")
    assert said in " ".join(str(caught.value).split())
    assert "s3cret" not in str(caught.value)
