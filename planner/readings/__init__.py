"""Time series of sensors in the ledger's database: no entries, never part of a replay.

Raw values are kept beside filtered ones. A recorder takes readings from feeds (MQTT, HTTP) and
writes them in batches; an archive reads them; a sweep thins what is old.
"""

from planner.readings.archive import Archive, LastReading, SourceCount, Standing
from planner.readings.recorder import Recorder
from planner.readings.series import Series
from planner.readings.thinning import Swept, sweep
from planner.readings.window import Means, Summary, Window, summarise
from planner.readings.wire import MOST_BYTES, Message, Reading, read_message

__all__ = [
    "MOST_BYTES",
    "Archive",
    "LastReading",
    "Means",
    "Message",
    "Reading",
    "Recorder",
    "Series",
    "SourceCount",
    "Standing",
    "Summary",
    "Swept",
    "Window",
    "read_message",
    "summarise",
    "sweep",
]
