-- One row an image id that could not be classified: why, where in its topic the image was, and what it said of itself.
CREATE OR REPLACE TEMPORARY VIEW dead_letters AS
SELECT
  decode(key, 'UTF-8') AS id,
  HEADER('error-code') AS error_code,
  HEADER('error-detail') AS error_detail,
  HEADER('origin-topic') AS origin_topic,
  try_cast(HEADER('origin-partition') AS INT) AS origin_partition,
  try_cast(HEADER('origin-offset') AS BIGINT) AS origin_offset,
  HEADER('name') AS name,
  HEADER('stream') AS stream,
  HEADER('source') AS source,
  HEADER('content-type') AS content_type,
  HEADER('model') AS model,
  timestamp_millis(try_cast(HEADER('accepted-at') AS BIGINT)) AS accepted_at,
  partition,
  offset,
  timestamp,
  value AS content
FROM global_temp.kafka_dead_letters AS record
WHERE FIRST_OF_ITS_KEY
