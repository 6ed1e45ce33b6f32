#!/usr/bin/env bash
# tools.sh FOLDER: writes Kafka's command line tools, each a class behind kafka-run-class.sh.
set -euo pipefail
bin=$1
mkdir -p "$bin"

cat >"$bin/kafka-run-class.sh" <<'RUN'
#!/bin/bash
config=${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/opt/kafka/config/tools-log4j2.yaml}
# Unquoted on purpose: each holds several options, as in Kafka's own script.
exec java ${KAFKA_HEAP_OPTS:--Xmx256M} ${KAFKA_JVM_PERFORMANCE_OPTS-} ${KAFKA_JMX_OPTS-} \
  -Dkafka.logs.dir="${LOG_DIR:-/opt/kafka/logs}" $config ${KAFKA_OPTS-} -cp '/opt/kafka/libs/*' "$@"
RUN
cat >"$bin/kafka-server-start.sh" <<'START'
#!/bin/bash
export KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G}
export KAFKA_LOG4J_OPTS=${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/opt/kafka/config/log4j2.yaml}
exec "$(dirname "$0")/kafka-run-class.sh" kafka.Kafka "$@"
START

while read -r name class; do
  printf '#!/bin/bash\nexec "$(dirname "$0")/kafka-run-class.sh" %s "$@"\n' "$class" >"$bin/$name.sh"
done <<'TOOLS'
kafka-storage kafka.tools.StorageTool
kafka-topics org.apache.kafka.tools.TopicCommand
kafka-configs kafka.admin.ConfigCommand
kafka-acls org.apache.kafka.tools.AclCommand
kafka-cluster org.apache.kafka.tools.ClusterTool
kafka-get-offsets org.apache.kafka.tools.GetOffsetShell
kafka-consumer-groups org.apache.kafka.tools.consumer.group.ConsumerGroupCommand
kafka-console-producer org.apache.kafka.tools.ConsoleProducer
kafka-console-consumer org.apache.kafka.tools.consumer.ConsoleConsumer
kafka-broker-api-versions org.apache.kafka.tools.BrokerApiVersionsCommand
kafka-metadata-quorum org.apache.kafka.tools.MetadataQuorumCommand
kafka-log-dirs org.apache.kafka.tools.LogDirsCommand
TOOLS
chmod +x "$bin"/*.sh
