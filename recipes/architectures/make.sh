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
if [ ! -e "$work/eight-large" ]; then # the original's anchors begin at 64 pixels
  outfitter datasets remap "$work/street" "$here/../evaluation/broad.yaml" --out "$work/street-broad"
  python "$here/eight.py" "$work/street-broad" "$work/eight-large" large
fi
[ $# -gt 0 ] || set -- faster_rcnn_lite faster_rcnn_lite2 ssdlite320_mobilenet_v3 ssd300_vgg16 rt_detr_v2 faster_rcnn_resnet50_fpn_v2 \
  faster_rcnn_inception_resnet_v2

train() { # RUN OPTIONS...: start the run, or go on with it; a finished run is left alone
  local run=$1
  shift
  [ -e "$run/finished" ] && return
  if [ -e "$run" ]; then outfitter train --resume "$run"; else outfitter train "$work/$eight" --out "$run" "$@"; fi
  touch "$run/finished"
}

for name in "$@"; do
  eight=eight
  [ "$name" != faster_rcnn_inception_resnet_v2 ] || eight=eight-large
  train "$work/$name" --config "$here/$name.yaml"
  if [ -e "$here/$name-full.yaml" ]; then # goes on from there at full size
    train "$work/$name-full" --config "$here/$name-full.yaml" --init "$work/$name"
  fi
done
