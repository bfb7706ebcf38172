#!/usr/bin/env bash
# Each architecture learns the same eight photos by heart: recipes/architectures/make.sh DATA WORK [NAME...]
# DATA holds ccp/. Interrupted and run again, it goes on with the run it was in.
set -euo pipefail
data=$1 work=$2 here=$(dirname "$0")
shift 2
export OMP_WAIT_POLICY=PASSIVE
mkdir -p "$work"
[ -e "$work/street" ] || outfitter datasets prepare "$data/ccp" --format masks --categories slots --out "$work/street"
[ -e "$work/eight" ] || python "$here/eight.py" "$work/street" "$work/eight"
[ $# -gt 0 ] || set -- faster_rcnn_lite ssdlite320_mobilenet_v3 ssd300_vgg16 rt_detr_v2 faster_rcnn_resnet50_fpn_v2 \
  faster_rcnn_inception_resnet_v2
for name in "$@"; do
  run=$work/$name
  if [ -e "$run" ]; then
    outfitter train --resume "$run"
  else
    outfitter train "$work/eight" --config "$here/$name.yaml" --out "$run"
  fi
done
