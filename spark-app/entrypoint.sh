#!/bin/bash
# The classifier's image has three uses, told apart by the first argument:
#   (none)       the classifier: the driver of the query
#   executor     a Spark executor on Kubernetes, told by the driver's pod what to be in SPARK_* variables
#   anything     that command, for example `sightline-model list`
set -euo pipefail

executor() {
  local name options=()
  # SPARK_JAVA_OPT_0, SPARK_JAVA_OPT_1, ...: one option of the JVM each, in this order.
  while read -r name; do
    options+=("${!name}")
  done < <(compgen -v SPARK_JAVA_OPT_ | sort -t _ -k 4 -n)

  exec "$JAVA_HOME/bin/java" "${options[@]}" "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" \
    -cp "${SPARK_CONF_DIR:+$SPARK_CONF_DIR:}${SPARK_CLASSPATH:+$SPARK_CLASSPATH:}$SPARK_HOME/jars/*${SPARK_DIST_CLASSPATH:+:$SPARK_DIST_CLASSPATH}" \
    org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
    --driver-url "$SPARK_DRIVER_URL" \
    --executor-id "$SPARK_EXECUTOR_ID" \
    --cores "$SPARK_EXECUTOR_CORES" \
    --app-id "$SPARK_APPLICATION_ID" \
    --hostname "$SPARK_EXECUTOR_POD_IP" \
    --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" \
    --podName "$SPARK_EXECUTOR_POD_NAME"
}

case "${1:-}" in
  "") exec sightline-classify ;;
  executor) executor ;;
  *) exec "$@" ;;
esac
