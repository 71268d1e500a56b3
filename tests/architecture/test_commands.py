"""Every command explains itself, has a page, and is in the README's tables where it is promised."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from planner.campaign.reference import make_reference
from planner.cli.app import app

COMMAND = typer.main.get_command(app)
NAMES = sorted(COMMAND.commands)

# the commands that people were promised
PROMISED = """
    run up deploy sweep pages device
    new check status ask propose tell approve hold veto abort adjust resolve exclude note
    stock maintenance labs amend readings stop clear go people alerts
    what-if report coverage export import backup schema bench
"""


def parts_of(name: str) -> list[Any]:
    """Returns the command, or those of a group such as people add and people list."""
    command = COMMAND.commands[name]
    return [*command.commands.values()] if isinstance(command, TyperGroup) else [command]


def options_of(name: str) -> set[str]:
    parameters = [parameter for part in parts_of(name) for parameter in part.params]
    return {each for parameter in parameters for each in parameter.opts if each.startswith("-")}


def test_the_commands_are_those_that_were_promised() -> None:
    assert set(NAMES) == set(PROMISED.split())


@pytest.mark.parametrize("name", NAMES)
def test_a_command_and_all_that_it_takes_are_explained(name: str) -> None:
    for command in (COMMAND.commands[name], *parts_of(name)):
        first = (command.help or "").split("\n")[0]
        assert first.endswith("."), f"planner {name} has no first sentence"
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"planner {name}: {parameter.name} has no help"


@pytest.mark.parametrize("name", NAMES)
def test_a_command_has_a_page_that_names_its_options_and_no_others(
    name: str, project: Path
) -> None:
    page = (project / "docs" / "commands" / f"{name}.md").read_text()
    assert page.startswith(f"# planner {name}\n")
    assert f"planner {name} " in page.replace(f"# planner {name}", "", 1)  # an example
    assert "## Exit codes" in page
    known = options_of(name)
    named = set(re.findall(r"^\| `(--?[\w-]+)`", page, re.MULTILINE))
    assert named == known - {"--help"}
    examples = "\n".join(re.findall(rf"^planner {name} [^#\n]*", page, re.MULTILINE))
    used = set(re.findall(r"(?<=\s)--?[a-zA-Z][\w-]*", examples))
    assert used <= known


def test_facts_are_printed_as_json_on_wish() -> None:
    """All but schema, which prints JSON anyway."""
    without = {name for name in NAMES if "--json" not in options_of(name)}
    assert without == {"schema"}


def test_the_list_of_commands_links_to_every_page(project: Path) -> None:
    listed = (project / "docs" / "commands" / "README.md").read_text()
    assert sorted(re.findall(r"\]\(([\w-]+)\.md\)", listed)) == NAMES


def test_the_reference_of_the_campaign_file_is_that_of_the_schema(project: Path) -> None:
    """To make it anew: python -m planner.campaign.reference > docs/campaign-file.md."""
    assert (project / "docs" / "campaign-file.md").read_text() == make_reference()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_what_is_made_is_in_the_makefile(page: str, project: Path) -> None:
    text = (project / page).read_text()
    targets = re.findall(r"^([\w./-]+):", (project / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"^\s*make (?:--[\w-]+ )*([\w./-]+)", text, re.MULTILINE))
    named |= set(re.findall(r"`make ([\w./-]+)`", text))
    assert named
    assert named <= set(targets)


def test_links_between_pages_lead_somewhere(project: Path) -> None:
    pages = [project / "README.md", project / "CONTRIBUTING.md", *project.glob("docs/**/*.md")]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(project)}: {target}")
    assert not broken
