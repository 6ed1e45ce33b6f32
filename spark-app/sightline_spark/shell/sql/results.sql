-- One row an image id and model version, as for all who read the topic: the first. Documents of another schema are left
-- out. RESULT is the type of the contract's JSON Schema.
CREATE OR REPLACE TEMPORARY VIEW results AS
SELECT
  document.id,
  document.status,
  get(document.predictions, 0).label AS label,
  get(document.predictions, 0).probability AS probability,
  document.model,
  document.predictions,
  document.name,
  document.stream,
  document.source,
  document.error,
  timestamp_millis(document.accepted_at) AS accepted_at,
  timestamp_millis(document.classified_at) AS classified_at,
  document.timing_ms,
  document.precision,
  document.engine,
  document.trace_id,
  partition,
  offset,
  timestamp
FROM (
  SELECT
    *,
    row_number() OVER (PARTITION BY document.id, document.model ORDER BY timestamp, partition, offset) AS copy
  FROM (
    SELECT from_json(decode(value, 'UTF-8'), 'RESULT') AS document, partition, offset, timestamp
    FROM global_temp.kafka_results
  )
  WHERE document.schema = 'SCHEMA' AND document.id IS NOT NULL AND document.status IS NOT NULL
)
WHERE copy = 1
