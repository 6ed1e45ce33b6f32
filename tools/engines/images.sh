#!/usr/bin/env bash
# images.sh [NAME...]     NAME: topics bridge classifier gateway demo; none means all
# Builds the project's images, tag ${SIGHTLINE_IMAGE_TAG:-0.1.0}, and prints their sizes.
set -euo pipefail
. "$(dirname "$0")/common.sh"

readonly TAG=${SIGHTLINE_IMAGE_TAG:-0.1.0}
REVISION=$(git -C "$ENGINES" rev-parse HEAD 2>/dev/null) || REVISION=unknown
declare -rA DOCKERFILE=(
  [topics]=services/topics/Dockerfile [bridge]=services/bridge/Dockerfile
  [classifier]=spark-app/Dockerfile [gateway]=gateway/Dockerfile [demo]=tools/demo/Dockerfile
)
readonly ALL=(topics bridge classifier gateway demo)
# Compose and newer clients build with BuildKit, whose own parts come from a registry; the legacy builder needs none.
export DOCKER_BUILDKIT=0

"$ENGINES/base-images.sh" python jre maven
[ $# -gt 0 ] || set -- "${ALL[@]}"
cd "$ENGINES/../.."
for name; do
  [ -n "${DOCKERFILE[$name]-}" ] || fail "unknown image: $name (one of ${ALL[*]})"
  image=sightline/$name:$TAG
  say "building $image ..."
  quietly "$CACHE/logs/image-$name.log" docker build -f "${DOCKERFILE[$name]}" -t "$image" \
    --build-arg "VERSION=$TAG" --build-arg "REVISION=$REVISION" .
done
docker image ls --format '{{.Repository}}:{{.Tag}}  {{.Size}}' | grep "^sightline/.*:$TAG " | sort
