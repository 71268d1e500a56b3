"""Questions in the terminal, each answer checked at once in the words of the campaign file.

Answers may also be piped, a line a question; then a wrong one ends it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from planner.errors import InputError

if TYPE_CHECKING:
    from planner.campaign.beginnings import Content

_AIMS = ("maximise", "minimise", "target")
_RUNNERS = ("person", "simulator", "adapter")
Check = Callable[[Any], str | None]


class Questions:
    """Asks until an answer can be used, or until the answers end."""

    def __init__(self) -> None:
        self._is_person = sys.stdin.isatty()

    def campaign(self, name: str | None) -> Content:
        """Asks for a whole campaign.

        Args:
            name: of the campaign, where the file says it.
        """
        content: Content = {}
        if name is None:
            self._entry(content, "campaign", "Name of the campaign, such as silver_flow")
        else:
            content["campaign"] = name
            self._refuse(content, "campaign")
        if about := self._text("What is it for, in a few words (may be empty)", default=""):
            content["about"] = about
        self._parameters(content)
        outcome = self._outcome(content)
        self.aim(content, outcome, {})
        self._source(content)
        content["budget"] = {}
        self._number(
            content["budget"], "trials", "How many trials at most", content, "budget", "30"
        )
        return content

    def column(self, names: Sequence[str]) -> str:
        """Asks which column of a table is aimed at."""
        typer.echo(f"The columns are {', '.join(names)}.")
        return self._choice("Which one was measured and is to be improved", names, names[-1])

    def aim(self, content: Content, outcome: str, stated: Content) -> None:
        """Adds the objective; asks for what is not stated.

        Args:
            content: with its outcomes.
            outcome: that is aimed at.
            stated: what is known of the objective.
        """
        objective: Content = {**stated, "outcome": outcome}
        content["objectives"] = [objective]
        classes = content["outcomes"][outcome].get("classes")
        if "aim" not in objective:
            if classes:
                objective["aim"] = "class"
            else:
                objective["aim"] = self._choice(
                    "Aim: maximise, minimise or target", _AIMS, _AIMS[0]
                )
        if objective["aim"] == "class" and "wanted" not in objective:
            objective["wanted"] = [self._choice("Wanted class", classes or (), None)]
        if objective["aim"] == "target":
            for key, words in (("target", "Wanted value"), ("tolerance", "How far off is a hit")):
                if key not in objective:
                    self._number(objective, key, words, content, "objectives[1]", None)
        self._refuse(content, "objectives[1]")

    def _parameters(self, content: Content) -> None:
        parameters: Content = {}
        content["parameters"] = parameters
        while True:
            more = "; empty when all are named" if parameters else ""
            name = self._text(f"What is set: name of a parameter{more}", default="", check=None)
            if not name:
                if parameters:
                    return
                self._complain("a campaign needs at least one parameter")
                continue
            if name in parameters:
                self._complain(f"{name!r} is named already: name another")
                continue
            parameters[name] = {}
            if problem := self._mistake(content, f"parameters.{name}"):
                del parameters[name]
                self._complain(problem)
                continue
            self._domain(content, name)

    def _domain(self, content: Content, name: str) -> None:
        where = f"parameters.{name}"

        def read_low(answer: str) -> str | None:
            content["parameters"][name] = _read_domain(answer)
            return self._mistake(content, where)

        self._text(f"  {name}: lowest value, or what is possible with commas", check=read_low)
        part = content["parameters"][name]
        if "choices" in part:
            return
        if "low" in part:
            self._number(part, "high", f"  {name}: highest value", content, where, None)
        if "unit" not in part:
            unit = f"  {name}: unit, such as degC (empty for none)"
            self._optional(part, "unit", unit, content, where)
        if "low" not in part:
            return
        self._step(part, f"  {name}: smallest step (empty for four digits)", content, where)

    def _outcome(self, content: Content) -> str:
        outcomes: Content = {}
        content["outcomes"] = outcomes

        def read_name(answer: str) -> str | None:
            outcomes.clear()
            outcomes[answer] = {}
            return self._mistake(content, f"outcomes.{answer}")

        name = self._text("What is measured: name of the outcome", check=read_name)
        where = f"outcomes.{name}"
        self._optional(outcomes[name], "unit", f"  {name}: unit (empty for none)", content, where)
        for index, words in enumerate(("lowest", "highest")):
            self._bound(outcomes[name], index, f"  {name}: {words} possible value", content, where)
        return name

    def _bound(self, part: Content, index: int, words: str, content: Content, where: str) -> None:
        def read(answer: str) -> str | None:
            bounds = part.get("bounds", [None, None])
            part["bounds"] = [
                _number(answer, keep=True) if i == index and answer else bounds[i] for i in (0, 1)
            ]
            problem = self._mistake(content, where)
            if part["bounds"] == [None, None]:
                del part["bounds"]
            return problem

        self._text(f"{words} (empty for none)", default="", check=read)

    def _source(self, content: Content) -> None:
        kind = self._choice("Who runs the trials: person, simulator or adapter", _RUNNERS, "person")
        source: Content = {"kind": kind}
        name = {"person": "bench", "simulator": "simulation", "adapter": "device"}[kind]
        content["sources"] = {name: source}
        if kind == "simulator":
            from planner.simulators.catalogue import known_names

            source[kind] = self._choice("  Which simulator", known_names(), None)
        elif kind == "adapter":
            self._optional(source, kind, "  Name of the adapter", content, f"sources.{name}")
        else:
            time = "  How long a trial takes, such as 2 h (empty if unknown)"
            self._optional(source, "duration", time, content, f"sources.{name}")

    def _entry(self, content: Content, key: str, words: str) -> None:
        def read(answer: str) -> str | None:
            content[key] = answer
            return self._mistake(content, key)

        self._text(words, check=read)

    def _optional(self, part: Content, key: str, words: str, content: Content, where: str) -> None:
        def read(answer: str) -> str | None:
            part.pop(key, None)
            if answer:
                part[key] = answer
            return self._mistake(content, where)

        self._text(words, default="", check=read)

    def _step(self, part: Content, words: str, content: Content, where: str) -> None:
        def read(answer: str) -> str | None:
            part.pop("resolution", None)
            if answer:
                part["resolution"] = _number(answer, keep=True)
            return self._mistake(content, where)

        self._text(words, default="", check=read)

    def _number(
        self, part: Content, key: str, words: str, content: Content, where: str, default: str | None
    ) -> None:
        def read(answer: str) -> str | None:
            part[key] = _number(answer, keep=True)
            return self._mistake(content, where)

        self._text(words, default=default, check=read)

    def _choice(self, words: str, known: Sequence[str], default: str | None) -> str:
        def read(answer: str) -> str | None:
            if answer in known:
                return None
            import difflib

            near = difflib.get_close_matches(answer, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"give one of {', '.join(known)}"
            return f"{answer!r} is not known here: {hint}"

        return self._text(words, default=default, check=read)

    def _mistake(self, content: Content, where: str) -> str | None:
        from planner.campaign.beginnings import find_mistake

        return find_mistake(content, where)

    def _refuse(self, content: Content, where: str) -> None:
        if problem := self._mistake(content, where):
            raise InputError(f"{where}: {problem}")

    def _text(self, words: str, *, default: str | None = None, check: Check | None = None) -> str:
        """Asks until the answer can be used.

        Args:
            words: the question.
            default: what an empty answer stands for; None where there must be one.
            check: says what is wrong with an answer.
        """
        shown = f" [{default}]" if default else ""
        while True:
            answer = self._line(f"{words}{shown}: ") or default
            if answer is None:
                self._complain("is empty: give a value")
                continue
            problem = check(answer) if check is not None else None
            if problem is None:
                return answer
            self._complain(problem)

    def _line(self, prompt: str) -> str:
        typer.echo(prompt, nl=not self._is_person, err=True)
        line = sys.stdin.readline()
        if not line:
            raise InputError(
                f"The answers ended at the question {prompt.strip()!r}. Nothing was written. "
                f"Answer it too."
            )
        return line.strip()

    def _complain(self, problem: str) -> None:
        """Says what is wrong; ends it where nobody is there to answer again."""
        if not self._is_person:
            said = problem.removesuffix(".")
            raise InputError(f"{said[:1].upper()}{said[1:]}. Nothing was written.")
        typer.echo(f"  {problem}", err=True)


def _read_domain(answer: str) -> Content:
    """Returns what a list of names or numbers stands for, or a lowest value with its unit."""
    words = [word.strip() for word in answer.split(",") if word.strip()]
    numbers = [_number(word) for word in words]
    if len(words) > 1 and None in numbers:
        return {"choices": words}
    if len(words) > 2:
        return {"values": numbers}
    found = re.fullmatch(r"([-+\d.eE]+)\s*([^\d\s,].*)", answer)
    if found and (low := _number(found[1])) is not None:
        return {"low": low, "unit": found[2]}
    return {"low": _number(answer, keep=True)}


def _number(answer: str, *, keep: bool = False) -> float | int | str | None:
    """Returns the number that was typed; else the answer itself, or None."""
    for read in (int, float):
        try:
            return read(answer)
        except ValueError:
            continue
    return answer if keep else None
