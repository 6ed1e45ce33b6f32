-- One row an image id that could not be classified: why, where in its topic the image was, and what it said of itself.
CREATE OR REPLACE TEMPORARY VIEW dead_letters AS
SELECT
  decode(key, 'UTF-8') AS id,
  decode(try_element_at(filter(headers, h -> h.key = 'error-code'), -1).value, 'UTF-8') AS error_code,
  decode(try_element_at(filter(headers, h -> h.key = 'error-detail'), -1).value, 'UTF-8') AS error_detail,
  decode(try_element_at(filter(headers, h -> h.key = 'origin-topic'), -1).value, 'UTF-8') AS origin_topic,
  try_cast(decode(try_element_at(filter(headers, h -> h.key = 'origin-partition'), -1).value, 'UTF-8') AS INT) AS origin_partition,
  try_cast(decode(try_element_at(filter(headers, h -> h.key = 'origin-offset'), -1).value, 'UTF-8') AS BIGINT) AS origin_offset,
  decode(try_element_at(filter(headers, h -> h.key = 'name'), -1).value, 'UTF-8') AS name,
  decode(try_element_at(filter(headers, h -> h.key = 'stream'), -1).value, 'UTF-8') AS stream,
  decode(try_element_at(filter(headers, h -> h.key = 'source'), -1).value, 'UTF-8') AS source,
  decode(try_element_at(filter(headers, h -> h.key = 'content-type'), -1).value, 'UTF-8') AS content_type,
  decode(try_element_at(filter(headers, h -> h.key = 'model'), -1).value, 'UTF-8') AS model,
  timestamp_millis(try_cast(
    decode(try_element_at(filter(headers, h -> h.key = 'accepted-at'), -1).value, 'UTF-8') AS BIGINT)) AS accepted_at,
  partition,
  offset,
  timestamp,
  value AS content
FROM global_temp.kafka_dead_letters AS record
WHERE NOT EXISTS (
  SELECT /*+ BROADCAST(repeated) */ 1
  FROM (
    SELECT partition, offset, row_number() OVER (PARTITION BY key ORDER BY timestamp, partition, offset) AS copy
    FROM global_temp.kafka_dead_letters
    WHERE key IS NOT NULL
  ) AS repeated
  WHERE copy > 1 AND repeated.partition = record.partition AND repeated.offset = record.offset
)
