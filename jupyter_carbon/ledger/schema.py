"""The ledger's tables, and the steps from each version of them to the next.

Times are seconds since the epoch, energies joules, masses grams. An estimate
takes columns: its value, `_low`, `_high` and, where it is not another's, its
provenance `_from`; all are NULL where nothing was measured.

A step and the number of the version it leads to are one transaction. A step is
never changed once it was published: a change of the tables is another step.
"""

from __future__ import annotations

_COUNT_LABEL = """
    INSERT INTO label_total VALUES (
        new.session, new.label, new.energy_j_from, 1, new.duration_s,
        ifnull(new.energy_j, 0), ifnull(new.energy_j_low, 0), ifnull(new.energy_j_high, 0),
        ifnull(new.co2e_g, 0), ifnull(new.co2e_g_low, 0), ifnull(new.co2e_g_high, 0)
    )
    ON CONFLICT (session, label, energy_j_from) DO UPDATE SET
        runs = runs + 1,
        duration_s = duration_s + excluded.duration_s,
        energy_j = energy_j + excluded.energy_j,
        energy_j_low = energy_j_low + excluded.energy_j_low,
        energy_j_high = energy_j_high + excluded.energy_j_high,
        co2e_g = co2e_g + excluded.co2e_g,
        co2e_g_low = co2e_g_low + excluded.co2e_g_low,
        co2e_g_high = co2e_g_high + excluded.co2e_g_high;
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE ledger (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE session (
            key INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            chain TEXT NOT NULL,
            host TEXT NOT NULL,
            boot TEXT NOT NULL,
            pid INTEGER NOT NULL,
            pid_started REAL NOT NULL,
            kernel TEXT NOT NULL,
            package TEXT NOT NULL,
            notebook TEXT,
            project TEXT,
            started REAL NOT NULL,
            beat REAL NOT NULL,
            ended REAL,
            ending TEXT,
            duration_s REAL NOT NULL,
            cells INTEGER NOT NULL,
            energy_j REAL, energy_j_low REAL, energy_j_high REAL, energy_j_from TEXT NOT NULL,
            inside_j REAL, inside_j_low REAL, inside_j_high REAL, inside_j_from TEXT NOT NULL,
            between_j REAL, between_j_low REAL, between_j_high REAL, between_j_from TEXT NOT NULL,
            co2e_g REAL, co2e_g_low REAL, co2e_g_high REAL, co2e_g_from TEXT NOT NULL,
            inside_g REAL, inside_g_low REAL, inside_g_high REAL, inside_g_from TEXT NOT NULL,
            between_g REAL, between_g_low REAL, between_g_high REAL, between_g_from TEXT NOT NULL,
            gaps TEXT NOT NULL,
            notes TEXT NOT NULL
        )
        """,
        "CREATE INDEX session_by_start ON session (started)",
        "CREATE INDEX session_open ON session (host) WHERE ended IS NULL",
        """
        CREATE TABLE source (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            id TEXT NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            host TEXT NOT NULL,
            state TEXT NOT NULL,
            provenance TEXT NOT NULL,
            note TEXT NOT NULL,
            energy_j REAL, energy_j_low REAL, energy_j_high REAL, energy_j_from TEXT NOT NULL,
            PRIMARY KEY (session, number)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE rate (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            since REAL NOT NULL,
            place TEXT NOT NULL,
            intensity_g_per_kwh REAL NOT NULL,
            basis TEXT NOT NULL,
            kind TEXT NOT NULL,
            year INTEGER,
            source TEXT NOT NULL,
            assumed INTEGER NOT NULL,
            pue REAL NOT NULL,
            PRIMARY KEY (session, number)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE cell (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            id TEXT NOT NULL,
            execution_count INTEGER,
            label TEXT,
            status TEXT NOT NULL,
            started REAL NOT NULL,
            ended REAL,
            duration_s REAL NOT NULL,
            overlapped INTEGER NOT NULL,
            energy_j REAL, energy_j_low REAL, energy_j_high REAL, energy_j_from TEXT NOT NULL,
            co2e_g REAL, co2e_g_low REAL, co2e_g_high REAL,
            sources TEXT NOT NULL,
            code_hash BLOB,
            code TEXT,
            PRIMARY KEY (session, number)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX cell_by_energy ON cell (energy_j)",
        "CREATE INDEX cell_by_code ON cell (code_hash) WHERE code_hash IS NOT NULL",
        """
        CREATE TABLE label (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            label TEXT NOT NULL,
            execution_count INTEGER,
            status TEXT NOT NULL,
            started REAL NOT NULL,
            ended REAL,
            duration_s REAL NOT NULL,
            overlapped INTEGER NOT NULL,
            energy_j REAL, energy_j_low REAL, energy_j_high REAL, energy_j_from TEXT NOT NULL,
            co2e_g REAL, co2e_g_low REAL, co2e_g_high REAL,
            sources TEXT NOT NULL,
            PRIMARY KEY (session, number)
        ) WITHOUT ROWID
        """,
        # What the runs of each label of a session came to, for each way in which their energy was
        # got, kept by the triggers below: so a question on labels need not add up a million of
        # them, and what was not measured stays apart. A label goes only with its session.
        """
        CREATE TABLE label_total (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            label TEXT NOT NULL,
            energy_j_from TEXT NOT NULL,
            runs INTEGER NOT NULL,
            duration_s REAL NOT NULL,
            energy_j REAL NOT NULL, energy_j_low REAL NOT NULL, energy_j_high REAL NOT NULL,
            co2e_g REAL NOT NULL, co2e_g_low REAL NOT NULL, co2e_g_high REAL NOT NULL,
            PRIMARY KEY (session, label, energy_j_from)
        ) WITHOUT ROWID
        """,
        f"CREATE TRIGGER label_added AFTER INSERT ON label BEGIN {_COUNT_LABEL} END",
        f"""
        CREATE TRIGGER label_changed AFTER UPDATE ON label BEGIN
            UPDATE label_total SET
                runs = runs - 1,
                duration_s = duration_s - old.duration_s,
                energy_j = energy_j - ifnull(old.energy_j, 0),
                energy_j_low = energy_j_low - ifnull(old.energy_j_low, 0),
                energy_j_high = energy_j_high - ifnull(old.energy_j_high, 0),
                co2e_g = co2e_g - ifnull(old.co2e_g, 0),
                co2e_g_low = co2e_g_low - ifnull(old.co2e_g_low, 0),
                co2e_g_high = co2e_g_high - ifnull(old.co2e_g_high, 0)
            WHERE session = old.session AND label = old.label
                AND energy_j_from = old.energy_j_from;
            DELETE FROM label_total
            WHERE session = old.session AND label = old.label AND runs = 0;
            {_COUNT_LABEL}
        END
        """,
        # A session's energy by source, cut at each quarter of an hour (UTC): what days and
        # overlapping sessions are reckoned from.
        """
        CREATE TABLE slice (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            source INTEGER NOT NULL,
            since REAL NOT NULL,
            until REAL NOT NULL,
            energy_j REAL, energy_j_low REAL, energy_j_high REAL, energy_j_from TEXT NOT NULL,
            co2e_g REAL, co2e_g_low REAL, co2e_g_high REAL,
            PRIMARY KEY (session, source, since)
        ) WITHOUT ROWID
        """,
        # The course of a source's power: 32-bit floats in watts, NaN where nothing was counted.
        """
        CREATE TABLE trace (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            source INTEGER NOT NULL,
            since REAL NOT NULL,
            step_s REAL NOT NULL,
            powers_w BLOB NOT NULL,
            PRIMARY KEY (session, source)
        ) WITHOUT ROWID
        """,
    ),
)
"""`MIGRATIONS[n]` leads from version n to n + 1; an empty file is of version 0."""

VERSION = len(MIGRATIONS)
"""The version that this package reads and writes."""
