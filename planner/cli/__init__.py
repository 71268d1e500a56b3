"""The command line: parse, call, print.

Nothing heavy is imported before a command needs it: ``planner --help`` answers at once.
"""

from planner.cli.app import main

__all__ = ["main"]
