-- What was seen, how sure the model was, and how long it took:
--   sightline-shell -f docs/examples/label_counts.sql
SELECT label, count(*) AS images, round(avg(probability), 2) AS probability, round(avg(timing_ms.inference), 1) AS ms
FROM results
WHERE status = 'classified'
GROUP BY label
ORDER BY images DESC, label
LIMIT 20;
