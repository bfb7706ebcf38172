#!/usr/bin/env bash
# Make the shipped detector again: recipes/detector/make.sh DATA WORK
# DATA holds ccp/ and clothing-small/. Interrupted and run again, it goes on with the step it was in.
set -euo pipefail
data=$1 work=$2 here=$(dirname "$0")
mkdir -p "$work"

train() { # RUN DATA OPTIONS...: start the run, or go on with it; a finished run is left alone
  local run=$1 data=$2
  shift 2
  [ -e "$run/finished" ] && return
  if [ -e "$run" ]; then outfitter train --resume "$run"; else outfitter train "$data" --out "$run" "$@"; fi
  touch "$run/finished"
}

[ -e "$work/street" ] || outfitter datasets prepare "$data/ccp" --format masks --categories slots --out "$work/street"
[ -e "$work/packshots" ] || outfitter datasets prepare "$data/clothing-small" --format class-folders --categories slots --out "$work/packshots"
[ -e "$work/first" ] || python "$here/mix.py" first "$work"
train "$work/run-first" "$work/first" --config "$here/train.yaml"
[ -e "$work/drawn" ] || python "$here/draw_scenes.py" 320 "$work/drawn"
[ -e "$work/second" ] || python "$here/mix.py" second "$work"
train "$work/run-second" "$work/second" --config "$here/finetune.yaml" --init "$work/run-first"
outfitter export "$work/run-second" --on "$work/street" --card "$here/card.yaml" --out "$work/detector"
