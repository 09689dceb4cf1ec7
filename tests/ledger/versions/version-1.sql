BEGIN TRANSACTION;
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
        ;
INSERT INTO "cell" VALUES(1,0,'cell 0',1,NULL,'ok',1700000000.0,1700000003.0,3.0,0,10.0,9.5,10.5,'counter',0.001,0.00095,1.05000000000000015196e-03,'[]',X'B55BE2909E788734',NULL);
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
        ;
INSERT INTO "label" VALUES(1,0,'train',1,'ok',1700000000.0,1700000002.0,2.0,0,5.0,4.75,5.25,'counter',0.0005,0.000475,5.2500000000000007598e-04,'[]');
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
        ;
INSERT INTO "label_total" VALUES(1,'train','counter',1,2.0,5.0,4.75,5.25,0.0005,0.000475,5.2500000000000007598e-04);
CREATE TABLE ledger (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) WITHOUT ROWID
        ;
INSERT INTO "ledger" VALUES('salt','4e4a88a859c7400590eb34c0e81cc36695cb3dcb3fdcde478ac8abb1b7df5c1f');
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
        ;
INSERT INTO "rate" VALUES(1,0,1700000000.0,'Germany',300.0,'consumption','year',2024,'a table',0,1.0);
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
        );
INSERT INTO "session" VALUES(1,'5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f','5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f','elsewhere','b',4711,12.5,'kernel','0.1.0','runs/train.ipynb',NULL,1700000000.0,1700000060.0,NULL,NULL,60.0,1,123456.0,117283.2,129628.8,'counter',61728.0,58641.6,64814.4,'counter',61728.0,58641.6,64814.4,'counter',12.3456,1.17283199999999983016e+01,12.96288,'counter',6.1728,5.86415999999999915104e+00,6.48144,'counter',NULL,NULL,NULL,'missing','[]','[]');
CREATE TABLE slice (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            source INTEGER NOT NULL,
            since REAL NOT NULL,
            until REAL NOT NULL,
            energy_j REAL, energy_j_low REAL, energy_j_high REAL, energy_j_from TEXT NOT NULL,
            co2e_g REAL, co2e_g_low REAL, co2e_g_high REAL,
            PRIMARY KEY (session, source, since)
        ) WITHOUT ROWID
        ;
INSERT INTO "slice" VALUES(1,0,1700000000.0,1700000900.0,100.0,95.0,105.0,'counter',0.01,0.0095,0.0105);
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
        ;
INSERT INTO "source" VALUES(1,0,'gpu:0','Board','gpu','here','ok','counter','',100.0,95.0,105.0,'counter');
CREATE TABLE trace (
            session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
            source INTEGER NOT NULL,
            since REAL NOT NULL,
            step_s REAL NOT NULL,
            powers_w BLOB NOT NULL,
            PRIMARY KEY (session, source)
        ) WITHOUT ROWID
        ;
INSERT INTO "trace" VALUES(1,0,1700000000.0,0.1,X'0000803F');
CREATE INDEX session_by_start ON session (started);
CREATE INDEX session_open ON session (host) WHERE ended IS NULL;
CREATE INDEX cell_by_energy ON cell (energy_j);
CREATE INDEX cell_by_code ON cell (code_hash) WHERE code_hash IS NOT NULL;
CREATE TRIGGER label_added AFTER INSERT ON label BEGIN 
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
 END;
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

        END;
PRAGMA application_id = 1245929842;
PRAGMA user_version = 1;
COMMIT;
