-- One row an image id: the first. What repeats an id is found by the keys alone, so that the images themselves are never
-- sorted; it costs a second reading of the topic.
CREATE OR REPLACE TEMPORARY VIEW images AS
SELECT
  decode(key, 'UTF-8') AS id,
  decode(try_element_at(filter(headers, h -> h.key = 'name'), -1).value, 'UTF-8') AS name,
  decode(try_element_at(filter(headers, h -> h.key = 'stream'), -1).value, 'UTF-8') AS stream,
  decode(try_element_at(filter(headers, h -> h.key = 'source'), -1).value, 'UTF-8') AS source,
  decode(try_element_at(filter(headers, h -> h.key = 'content-type'), -1).value, 'UTF-8') AS content_type,
  decode(try_element_at(filter(headers, h -> h.key = 'model'), -1).value, 'UTF-8') AS model,
  timestamp_millis(try_cast(
    decode(try_element_at(filter(headers, h -> h.key = 'accepted-at'), -1).value, 'UTF-8') AS BIGINT)) AS accepted_at,
  split_part(decode(try_element_at(filter(headers, h -> h.key = 'traceparent'), -1).value, 'UTF-8'), '-', 2) AS trace_id,
  length(value) AS bytes,
  partition,
  offset,
  timestamp,
  value AS content
FROM global_temp.kafka_images AS record
WHERE NOT EXISTS (
  SELECT /*+ BROADCAST(repeated) */ 1
  FROM (
    SELECT partition, offset, row_number() OVER (PARTITION BY key ORDER BY timestamp, partition, offset) AS copy
    FROM global_temp.kafka_images
    WHERE key IS NOT NULL
  ) AS repeated
  WHERE copy > 1 AND repeated.partition = record.partition AND repeated.offset = record.offset
)
