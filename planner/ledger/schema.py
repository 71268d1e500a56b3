"""The ledger's tables.

``entries`` is the record. The projections (``campaigns``, ``trials``, ``runs``, ``outbox``,
``inbox``) are written in the transaction of their entry and can be rebuilt from the entries.
``leases`` says who acts now and is no history. The other tables are those of the dispatch contract
(devices, people, readings, artifacts).

``SCHEMA`` counts what software must know to read a ledger: tables, kinds of record, their fields.
Whoever adds one raises it and writes a migration, an empty one where no table changes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from planner.ledger.column_types import Json, OneOf, UtcTime
from planner.ledger.rows import InboxState, OutboxState
from planner.trials import RunState, TrialState, Wanted

SCHEMA = 10

metadata = MetaData()

ledger = Table(
    "ledger",
    metadata,
    Column("id", String, primary_key=True),  # a device binds itself to it
    Column("schema", Integer, nullable=False),
    Column("software", String, nullable=False),  # the version that wrote this schema
    Column("created_at", UtcTime, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),  # writers queue for this row
    Column("stop_latched_at", UtcTime),  # emergency stop, until a person clears it
    Column("stop_latched_by", String),
)

entries = Table(
    "entries",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("campaign", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("author", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("software", String, nullable=False),
    Column("body", Text, nullable=False),  # the record as JSON
    Index("entries_of_campaign", "campaign", "sequence"),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("name", String, primary_key=True),
    Column("spec_digest", String, nullable=False),
    Column("spec_sequence", BigInteger, nullable=False),  # the entry with the file now in force
    Column("simulated", Boolean, nullable=False),
    Column("wanted", OneOf(Wanted), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("stopped_at", UtcTime),
    Column("stop_rule", String),
    Column("stop_failed", Boolean, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("last_at", UtcTime, nullable=False),
)

trials = Table(
    "trials",
    metadata,
    Column("campaign", String, primary_key=True),
    Column("trial", Integer, primary_key=True, autoincrement=False),
    Column("state", OneOf(TrialState), nullable=False),
    Column("source", String),
    Column("handed", Boolean, nullable=False),
    Column("open_run", String),  # key; at most one run of a trial is open
    Column("result_version", Integer, nullable=False),  # 0: none yet
    Column("approvals", Integer, nullable=False, server_default="0"),  # by different people
    Column("proposed_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("key", String, primary_key=True),
    Column("campaign", String, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("handed", Boolean, nullable=False),
    Column("digest", String, nullable=False),
    Column("state", OneOf(RunState), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("parent", String),
    Column("evidence", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("not_after", UtcTime),
    Column("adjustments", Integer, nullable=False, server_default="0"),
    Column("updated_at", UtcTime, nullable=False),
    UniqueConstraint("campaign", "trial", "run"),
    Index("runs_open", "is_open", "campaign"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),  # of its entry
    Column("campaign", String, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("key", String, nullable=False),
    Column("source", String, nullable=False),
    Column("command", String, nullable=False),
    Column("order", Json, nullable=False),
    Column("not_after", UtcTime),
    Column("state", OneOf(OutboxState), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("token", BigInteger, nullable=False),  # the highest that was sent; 0: none
    Column("updated_at", UtcTime, nullable=False),
    Index("outbox_of_trial", "campaign", "trial"),
    Index("outbox_open", "is_open", "source"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("key", String, primary_key=True),
    Column("result_digest", String, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("campaign", String, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", OneOf(InboxState), nullable=False),
    Column("late", Boolean, nullable=False),
    Column("reasons", Json, nullable=False),  # why it was put aside
    Column("arrived_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Index("inbox_of_trial", "campaign", "trial"),
    Index("inbox_by_state", "state", "campaign"),
)

leases = Table(
    "leases",
    metadata,
    Column("what", String, primary_key=True),  # campaign or device
    Column("name", String, primary_key=True),
    Column("epoch", BigInteger, nullable=False),  # rises with every taking: the fencing token
    Column("host", String, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("boot_id", String, nullable=False),
    Column("process_started", Float, nullable=False),
    Column("pid_namespace", String, nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("name", String, primary_key=True),
    Column("delivery", String, nullable=False),  # keyed, two-phase, fire and observe
    Column("simulated", Boolean, nullable=False),
    Column("campaign", String, nullable=False),  # that spoke to it last
    Column("bound_to", String),  # id of the ledger that the device obeys
    Column("boot_id", String),
    Column("heartbeat_at", UtcTime),
    Column("heartbeat_sequence", BigInteger),
    Column("current_key", String),
    Column("stop_latched_at", UtcTime),
    Column("stop_latched_by", String),
    Column("maintenance_since", UtcTime),
    Column("maintenance_reason", Text),
    Column("updated_at", UtcTime, nullable=False),
)

# How each campaign reaches its devices, so that an emergency stop finds all of them.
reaches = Table(
    "reaches",
    metadata,
    Column("campaign", String, primary_key=True),
    Column("spec_sequence", BigInteger, primary_key=True, autoincrement=False),  # entry of its file
    Column("source", String, nullable=False),
    Column("addresses", Json, nullable=False),  # by device
    Column("folder", String, nullable=False),  # of the file
)

people = Table(
    "people",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("token_hash", String, unique=True),
    Column("registered_at", UtcTime, nullable=False),
    Column("registered_by", String, nullable=False),
    Column("revoked_at", UtcTime),
    Column("revoked_by", String),
)

people_acts = Table(
    "people_acts",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("by", String, nullable=False),
    Column("act", String, nullable=False),  # registered, revoked
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("reason", Text, nullable=False),
)

# Time series of sensors. Times are whole microseconds since 1970: a quarter of the room
# of times as text, faster, and exact in the grouping of means (docs/benchmarks/readings.md).
sensors = Table(
    "sensors",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("source", String, nullable=False),
    Column("name", String, nullable=False),
    Column("unit", String, nullable=False),  # of all its values
    Column("thinned_until_us", BigInteger, nullable=False),  # before this only means are kept
    UniqueConstraint("source", "name"),
)

readings = Table(
    "readings",
    metadata,
    Column("sensor", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),  # by the source's clock
    Column("arrived_us", BigInteger, nullable=False),
    Column("raw", Float),  # as it came; None where the sensor sent no number
    Column("raw_unit", String),  # as it came; None where it is the sensor's
    Column("converted", Float),  # raw in the sensor's unit; None where it cannot count
    Column("said", String, nullable=False),  # the quality that the source gives it
    Column("value", Float),  # filtered; None where the quality is bad
    Column("quality", String, nullable=False),
    Column("reason", String),  # why it is not good
    sqlite_with_rowid=False,
)

reading_means = Table(
    "reading_means",
    metadata,
    Column("sensor", BigInteger, primary_key=True, autoincrement=False),
    Column("start_us", BigInteger, primary_key=True, autoincrement=False),
    Column("span_us", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),  # readings that came
    Column("n_good", BigInteger, nullable=False),  # those that have a value: what follows is theirs
    Column("mean", Float),
    Column("sd", Float),  # with n_good as divisor
    Column("lowest", Float),
    Column("highest", Float),
    sqlite_with_rowid=False,
)

reading_sources = Table(
    "reading_sources",
    metadata,
    Column("source", String, primary_key=True),
    Column("last_sequence", BigInteger, nullable=False),  # the highest that is kept; 0: none
    Column("n_kept", BigInteger, nullable=False),
    Column("n_repeated", BigInteger, nullable=False),
    Column("n_refused", BigInteger, nullable=False),
    Column("n_missing", BigInteger, nullable=False, server_default="0"),  # by jumps of sequence
    Column("refused_why", String),  # of the last one
    Column("heard_us", BigInteger, nullable=False),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("digest", String, primary_key=True),
    Column("campaign", String, primary_key=True),
    Column("trial", Integer, primary_key=True, autoincrement=False),
    Column("outcome", String, primary_key=True),
    Column("key", String),
    Column("media_type", String, nullable=False),
    Column("path", String, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index("artifacts_of_trial", "campaign", "trial"),
)
