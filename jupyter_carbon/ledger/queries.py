"""The SQL that reads the ledger. Nothing is run here.

`:since` and `:until` are moments in seconds since the epoch, `:keys` the keys of
sessions as a JSON list.
"""

from __future__ import annotations

from jupyter_carbon.ledger.records import CellRow, LabelRow, RateRow, SessionRow, SourceRow
from jupyter_carbon.ledger.rows import columns

_END = "max(started, coalesce(ended, beat))"
_THESE = "(SELECT value FROM json_each(:keys))"
_WITHIN = "started >= :since AND started < :until"


LONGEST_S = 86_400.0
"""No slice is longer."""


def _listed(names: list[str], table: str = "") -> str:
    return ", ".join(f"{table}.{name}" if table else name for name in names)


RUNS = f"""
    SELECT
        key, host, boot, notebook, project, started, {_END}, duration_s,
        energy_j, energy_j_low, energy_j_high, energy_j_from,
        co2e_g, co2e_g_low, co2e_g_high, co2e_g_from
    FROM session
    WHERE started < :until AND ({_END} > :since OR started >= :since)
    ORDER BY started, id
"""
"""What the totals need of each session in a span."""

ORIGINS = """
    SELECT session, energy_j_from, sum(energy_j) FROM source
    WHERE energy_j IS NOT NULL GROUP BY session, energy_j_from
"""
"""How much of each session's energy was got in which way."""

DEVICES = f"SELECT session, number, host, id, energy_j_from FROM source WHERE session IN {_THESE}"
COURSES = f"""
    SELECT
        source.session, source.number, source.host, source.id, source.name, session.gaps,
        min(slice.since), max(slice.until), sum(slice.until - slice.since)
    FROM source JOIN session ON session.key = source.session LEFT JOIN slice
        ON slice.session = source.session AND slice.source = source.number
            AND slice.energy_j IS NOT NULL
    WHERE source.session IN {_THESE} GROUP BY source.session, source.number
"""
"""When each source of some sessions was counted: from when to when, and how long in all."""
SPANS = """
    SELECT since, until FROM slice
    WHERE session = ? AND source = ? AND energy_j IS NOT NULL ORDER BY since
"""
"""The same in full, where it was not counted all the time."""
SLICES = """
    SELECT
        since, until, energy_j, energy_j_low, energy_j_high, energy_j_from,
        co2e_g, co2e_g_low, co2e_g_high
    FROM slice WHERE session = ? AND source = ? AND energy_j IS NOT NULL AND until > since
"""
"""What a source cost, slice by slice."""

_PART = "(min(slice.until, ask.until) - max(slice.since, ask.since)) / (slice.until - slice.since)"
PIECES = f"""
    SELECT
        place, energy_j_from, sum(part * length_s),
        sum(part * energy_j), sum(part * energy_j_low), sum(part * energy_j_high),
        sum(part * co2e_g), sum(part * co2e_g_low), sum(part * co2e_g_high)
    FROM (
        SELECT
            ask.place, slice.energy_j_from, slice.until - slice.since AS length_s, {_PART} AS part,
            slice.energy_j, slice.energy_j_low, slice.energy_j_high,
            slice.co2e_g, slice.co2e_g_low, slice.co2e_g_high
        FROM (
            SELECT
                key AS place,
                json_extract(value, '$[0]') AS session, json_extract(value, '$[1]') AS source,
                json_extract(value, '$[2]') AS since, json_extract(value, '$[3]') AS until
            FROM json_each(:asks) LIMIT -1
        ) AS ask
        CROSS JOIN slice ON slice.session = ask.session AND slice.source = ask.source
            AND slice.since < ask.until AND slice.since > ask.since - {LONGEST_S}
        WHERE slice.until > max(slice.since, ask.since) AND slice.energy_j IS NOT NULL
    )
    GROUP BY place, energy_j_from
"""
"""What sources cost in some times, each asked for as [session, source, since, until].

The limit, which is none, keeps SQLite from reading the list anew for each slice.
"""

SESSIONS = f"""
    SELECT key, {_listed(columns(SessionRow))} FROM session
    WHERE started < :until AND ({_END} > :since OR started >= :since)
    ORDER BY started, id
"""
NEWEST_OF = f"""
    SELECT {_listed(columns(SessionRow))} FROM session
    WHERE notebook = ? AND host = ? AND id <> ? ORDER BY beat DESC, key DESC LIMIT 1
"""
CHAIN = f"SELECT key, {_listed(columns(SessionRow))} FROM session WHERE chain = ? ORDER BY started"
FIRST_PARTS = "SELECT DISTINCT chain FROM session WHERE substr(id, 1, length(?)) = ? LIMIT 2"
OPEN = f"SELECT {_listed(columns(SessionRow))} FROM session WHERE ended IS NULL"
SOURCES = f"SELECT {_listed(columns(SourceRow))} FROM source WHERE session = ? ORDER BY number"
RATES = f"SELECT {_listed(columns(RateRow))} FROM rate WHERE session = ? ORDER BY since, number"
CELLS = f"SELECT {_listed(columns(CellRow))} FROM cell WHERE session = ? ORDER BY number"
LABELS = f"SELECT {_listed(columns(LabelRow))} FROM label WHERE session = ? ORDER BY number"
TRACES = "SELECT source, since, step_s, powers_w FROM trace WHERE session = ? ORDER BY source"
SOURCE_IDS = f"SELECT DISTINCT id FROM source WHERE session IN {_THESE} ORDER BY id"

_LABEL_SUMS = """
    {runs}, sum(duration_s),
    sum(energy_j), sum(energy_j_low), sum(energy_j_high),
    sum(co2e_g), sum(co2e_g_low), sum(co2e_g_high)
"""
_LABEL_TOTALS = (
    f"SELECT label, energy_j_from, {_LABEL_SUMS.format(runs='sum(runs)')} FROM label_total"
)
ALL_LABEL_TOTALS = f"{_LABEL_TOTALS} GROUP BY label, energy_j_from"
"""What the runs of each label came to."""
LABEL_TOTALS = f"{_LABEL_TOTALS} WHERE session IN {_THESE} GROUP BY label, energy_j_from"
"""What the runs of each label in whole sessions came to."""
LABEL_RUNS = f"""
    SELECT label, energy_j_from, {_LABEL_SUMS.format(runs="count(*)")} FROM label
    WHERE session IN {_THESE} AND {_WITHIN} GROUP BY label, energy_j_from
"""
"""The same of the runs that began in a span, in sessions that it cuts."""

CELLS_IN = f"SELECT coalesce(sum(cells), 0) FROM session WHERE key IN {_THESE}"
_TOP = f"SELECT session, number, code_hash FROM cell {{how}} AND energy_j > 0 AND {_WITHIN}"
TOP_OF_ALL = f"{_TOP.format(how='INDEXED BY cell_by_energy WHERE 1')} ORDER BY energy_j DESC"
"""The cells of a span, the costliest first, by walking down the costliest of all."""
TOP_OF_FEW = f"{_TOP.format(how=f'WHERE session IN {_THESE}')} ORDER BY energy_j DESC"
"""The same by looking through the sessions of the span."""

CELL = f"""
    SELECT session.notebook, session.host, session.project, {_listed(columns(CellRow), "cell")}
    FROM cell JOIN session ON session.key = cell.session
    WHERE cell.session = ? AND cell.number = ?
"""
RERUNS = f"""
    SELECT
        energy_j_from, count(*), sum(duration_s),
        sum(energy_j), sum(energy_j_low), sum(energy_j_high),
        sum(co2e_g), sum(co2e_g_low), sum(co2e_g_high)
    FROM cell WHERE code_hash = :code_hash AND {_WITHIN} GROUP BY energy_j_from
"""
"""What the runs of one code came to in a span."""

DELETE_SESSION = "DELETE FROM session WHERE id = ?"
SIZE = "SELECT count(*), coalesce(sum(cells), 0), min(started), max(beat) FROM session"

# Merging: `other` is the ledger whose sessions are taken over.

CHILDREN = ("source", "rate", "cell", "label", "slice", "trace")
"""The tables of what belongs to a session; the totals of labels follow from the labels."""

TABLE_INFO = "SELECT name, type FROM pragma_table_info(?, ?) ORDER BY cid"
OTHER_KIND = "SELECT type FROM other.sqlite_master WHERE name = ?"
COUNT_OTHER = "SELECT count(*) FROM other.session"

CHOOSE = """
    CREATE TEMP TABLE chosen AS
    SELECT
        theirs.key AS old,
        coalesce(
            ours.key,
            (SELECT ifnull(max(key), 0) FROM main.session) + row_number() OVER (ORDER BY theirs.key)
        ) AS new
    FROM other.session AS theirs LEFT JOIN main.session AS ours ON ours.id = theirs.id
    WHERE ours.key IS NULL OR theirs.beat > ours.beat
"""
"""The sessions that are taken over, and the keys that they have then: an older copy's, if any."""
COUNT_CHOSEN = "SELECT count(*) FROM temp.chosen"
DROP_OLDER = "DELETE FROM main.session WHERE key IN (SELECT new FROM temp.chosen)"
END_CHOICE = "DROP TABLE temp.chosen"

_LAST_MOMENT = 7_258_118_400
"""The year 2200: a meter's clock may be wrong, but a moment has to be one."""
_MOMENTS = frozenset({"started", "beat", "ended", "since", "until"})
_JSON = frozenset({"gaps", "notes", "sources"})
_ORIGINS = "('counter', 'integrated', 'modelled', 'assumed', 'mixed', 'missing')"


def take_over(names: list[str], table: str) -> str:
    """Copies the rows of the chosen sessions; the first column is the session's key."""
    rest = _listed(names[1:])
    return (
        f"INSERT INTO main.{table} ({names[0]}, {rest})"
        f" SELECT chosen.new, {_listed(names[1:], 'theirs')}"
        f" FROM other.{table} AS theirs JOIN temp.chosen ON chosen.old = theirs.{names[0]}"
    )


def unsound(columns: list[tuple[str, str]], table: str) -> str:
    """Finds a row of the other ledger that no meter writes; `columns` are names and types."""
    names = {name for name, _ in columns}
    rules = []
    for name, kind in columns:
        if kind in ("REAL", "INTEGER"):
            rules.append(f"({name} IS NULL OR (typeof({name}) IN ('real', 'integer')")
            rules[-1] += f" AND abs({name}) < 1e18))"
        else:
            rules.append(f"({name} IS NULL OR typeof({name}) = '{kind.lower()}')")
        if name in _MOMENTS:
            rules.append(f"({name} IS NULL OR {name} BETWEEN 0 AND {_LAST_MOMENT})")
        if name in _JSON and table != "source":
            rules.append(f"json_valid({name})")
        if f"{name}_low" in names:
            low, high = f"{name}_low", f"{name}_high"
            rules.append(
                f"({name} IS NULL AND {low} IS NULL AND {high} IS NULL"
                f" OR {low} <= {name} AND {name} <= {high})"
            )
        if name.endswith("_from"):
            rules.append(f"{name} IN {_ORIGINS}")
    return f"SELECT 1 FROM other.{table} WHERE ({' AND '.join(rules)}) IS NOT TRUE LIMIT 1"
