#!/usr/bin/env bash
# Train for at most nine minutes and leave a checkpoint; run it again to resume.
#   recipes/nine-minutes.sh RUN RECIPE DATA [DATA ...]
# INIT_FROM=MODEL.onnx sets the initial weights of a new run; SECONDS_TO_TRAIN is 500 by default: reading the data and
# the last checkpoint take the rest of the nine minutes.
set -euo pipefail

run=$1 recipe=$2
shift 2
data=()
for folder in "$@"; do data+=(--data "$folder"); done
init=(${INIT_FROM:+--init-from "$INIT_FROM"})
resume=()
if [ -e "$run/last.pt" ]; then resume=(--resume); fi

# SIGINT is what the training waits for to write its last checkpoint; it then exits with 130.
code=0
timeout --signal=INT --kill-after=40 "${SECONDS_TO_TRAIN:-500}" \
    unseam train "$recipe" "${data[@]}" "${init[@]}" "${resume[@]}" --out "$run" || code=$?
case $code in
    0 | 124 | 130) tail -n 1 "$run/metrics.jsonl" ;; # missing: the time was over before training began
    *) exit "$code" ;;
esac
