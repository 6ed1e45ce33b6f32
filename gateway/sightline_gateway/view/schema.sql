-- A cache of the topic: when VERSION in database.py changes, the file is deleted and refilled from Kafka.

CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- next_offset: the offset to read next. Written in the same transaction as the rows, so both survive a crash or neither.
CREATE TABLE IF NOT EXISTS positions (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);

-- seq: order of arrival on this replica. topic: which life of the topic `partition` and `offset` belong to.
-- model: name@version, the second half of what makes a result unique. label: the most probable one.
-- image_partition, image_offset: where its image is in the topic `images`, NULL when the result does not say.
CREATE TABLE IF NOT EXISTS results (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    model TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    classified_at INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    stream TEXT,
    label TEXT,
    document BLOB NOT NULL,
    image_partition INTEGER,
    image_offset INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS results_id ON results (id, model);
CREATE INDEX IF NOT EXISTS results_place ON results (topic, partition, "offset");
-- The listing's order, then what it can be filtered by: rows that a filter leaves out cost no look at the table.
CREATE INDEX IF NOT EXISTS results_newest ON results (classified_at, id, model, status, stream, label);
CREATE INDEX IF NOT EXISTS results_age ON results (stored_at);

-- Accepted here, result not yet seen. image_partition, image_offset: as above.
CREATE TABLE IF NOT EXISTS pending (
    id TEXT PRIMARY KEY,
    name TEXT,
    accepted_at INTEGER NOT NULL,
    image_partition INTEGER,
    image_offset INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pending_age ON pending (accepted_at);

-- Webhooks that uploads here asked for. due_at: when the next try is due, NULL as long as there is no result.
CREATE TABLE IF NOT EXISTS callbacks (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (due_at);
