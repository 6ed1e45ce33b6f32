-- One row an image id: the first.
CREATE OR REPLACE TEMPORARY VIEW images AS
SELECT
  decode(key, 'UTF-8') AS id,
  HEADER('name') AS name,
  HEADER('stream') AS stream,
  HEADER('source') AS source,
  HEADER('content-type') AS content_type,
  HEADER('model') AS model,
  timestamp_millis(try_cast(HEADER('accepted-at') AS BIGINT)) AS accepted_at,
  split_part(HEADER('traceparent'), '-', 2) AS trace_id,
  length(value) AS bytes,
  partition,
  offset,
  timestamp,
  value AS content
FROM global_temp.kafka_images AS record
WHERE FIRST_OF_ITS_KEY
