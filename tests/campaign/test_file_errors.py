from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from planner.campaign import CampaignSpec, parse_campaign, read_campaign
from planner.errors import CampaignFileError, InputError
from tests.campaign.bad_files import APPROVED, GOOD, bad_files, say, say_all
from tests.campaign.everything import EVERYTHING
from tests.strategies.campaigns import mutate

# What a library would say to a programmer and nobody should say to a chemist.
JARGON = re.compile(
    r"[Ii]nput should|pydantic|validation|dictionary|tuple|union|discriminator|NoneType|None|"
    r"Traceback|\bstr\b|(?<!!)\bint\b|tag:yaml|\.continuous|\.categorical|<block"
)


# CPU seconds; the search that precedes "no configuration was found" is by far the longest
MOST_S = 20.0


@pytest.mark.parametrize("text", [GOOD, EVERYTHING], ids=["short", "everything"])
def test_the_good_files_are_good(text: str) -> None:
    assert isinstance(parse_campaign(text, path="good"), CampaignSpec)


def test_every_mistake_is_said_as_approved(tmp_path: Path) -> None:
    """After a change: python -m tests.campaign.bad_files, then read the file through."""
    assert say_all(tmp_path) == APPROVED.read_text(encoding="utf-8")


@pytest.mark.parametrize(("title", "content"), list(bad_files()), ids=lambda part: str(part)[:40])
def test_mistakes_are_said_in_the_readers_words(title: str, content: bytes, tmp_path: Path) -> None:
    said = say(content, tmp_path)
    assert not JARGON.search(said), said
    assert re.match(r"growth\.yaml has \d+ mistakes?:\n  (line \d+|the file)", said)


def test_a_mistake_stands_on_its_line() -> None:
    """Each change of one line of the good file is reported on that line."""
    changes = {3: ("low: 500", "low: hot"), 4: ("iron", "7"), 7: ("um", "umm"), 12: ("20", "x")}
    text = GOOD
    for old, new in changes.values():
        text = text.replace(old, new, 1)
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(text, path="x")
    assert [mistake.line for mistake in caught.value.mistakes] == sorted(changes)


def test_no_mistake_hides_another() -> None:
    """A wrong unit does not hide that the objective names an outcome which is not there."""
    text = GOOD.replace("degC", "degX").replace("outcome: length", "outcome: width")
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(text, path="x")
    assert [mistake.where for mistake in caught.value.mistakes] == [
        "parameters.temperature.unit",
        "objectives[1].outcome",
    ]


def test_a_misspelt_aim_does_not_hide_a_misspelt_outcome() -> None:
    text = GOOD.replace("outcome: length", "outcome: lenght").replace("maximise", "maximize")
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(text, path="x")
    assert [
        (mistake.where, mistake.text.split("did you mean")[1]) for mistake in caught.value.mistakes
    ] == [
        ("objectives[1].aim", " 'maximise'?"),
        ("objectives[1].outcome", " 'length'?"),
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_campaign(tmp_path / "nowhere.yaml")
    said = str(caught.value)
    assert said.startswith(f"There is no file nowhere.yaml in {tmp_path}. Check its name")
    assert f"'planner new {tmp_path}/nowhere.yaml' writes a new one" in said
    with pytest.raises(CampaignFileError, match="is a folder"):
        read_campaign(tmp_path)


def test_a_bomb_of_aliases_goes_off_at_once() -> None:
    """Nine levels of nine aliases each would be 387 million entries."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(CampaignFileError, match="alias"):
        parse_campaign("\n".join(lines), path="x")


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- ", "? "])
def test_ten_thousand_brackets_are_a_mistake_and_no_crash(bracket: str) -> None:
    with pytest.raises(CampaignFileError, match="nested"):
        parse_campaign(bracket * 10_000, path="x")


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(CampaignFileError, match="characters"):
        parse_campaign("# " + "x" * 2_000_000, path="x")


def _check_mutants(texts: list[str], count: int) -> None:
    """Every mutant is a campaign or a list of mistakes in words; the seed is in the message.

    The file that uses everything stands for half of them.
    """
    n_good = 0
    for _ in range(count):
        seed = random.randrange(2**32)
        text = EVERYTHING if seed % 2 else texts[seed // 2 % len(texts)]
        mutant = mutate(text, random.Random(seed))
        begun = time.process_time()
        try:
            assert isinstance(parse_campaign(mutant, path="mutant"), CampaignSpec)
            n_good += 1
            continue
        except CampaignFileError as error:
            mistakes = error.mistakes
        except Exception as error:
            raise AssertionError(f"seed {seed} gives {error!r} for:\n{mutant}") from error
        finally:
            took = time.process_time() - begun
            assert took < MOST_S, f"seed {seed} took {took:.1f} s for:\n{mutant}"
        said = re.sub(r"'.*?'|\".*?\"", "", "\n".join(mistake.text for mistake in mistakes))
        assert mistakes, f"seed {seed}"
        assert not JARGON.search(said), f"seed {seed}: {said}"
    # the mutations are neither harmless nor always fatal
    assert 0 < n_good < count


def _shipped_texts(project: Path) -> list[str]:
    return [path.read_text("utf-8") for path in sorted((project / "campaigns").glob("*.yaml"))]


def test_hundreds_of_mutated_files_give_a_campaign_or_its_mistakes(project: Path) -> None:
    _check_mutants(_shipped_texts(project), 250)


@pytest.mark.slow
def test_four_thousand_mutated_files_give_a_campaign_or_its_mistakes(project: Path) -> None:
    _check_mutants(_shipped_texts(project), 4_000)
