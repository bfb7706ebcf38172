#!/usr/bin/env bash
# Make the shipped detector again: recipes/detector/make.sh DATA WORK CLIPART
# DATA holds ccp/ and clothing-small/, CLIPART is /usr/share/openclipart/png of Debian's package openclipart-png.
# Interrupted and run again, it goes on with the step it was in.
set -euo pipefail
data=$1 work=$2 clipart=$3 here=$(dirname "$0")
export OMP_WAIT_POLICY=PASSIVE
mkdir -p "$work"

train() { # RUN DATA OPTIONS...: start the run, or go on with it; a finished run is left alone
  local run=$1 data=$2
  shift 2
  [ -e "$run/finished" ] && return
  if [ -e "$run" ]; then outfitter train --resume "$run"; else outfitter train "$data" --out "$run" "$@"; fi
  touch "$run/finished"
}

once() { # OUT COMMAND...: make OUT, unless it is there
  [ -e "$1" ] || "${@:2}"
}

export_to() { # RUN OUT OPTIONS...
  once "$2" outfitter export "$1" --on "$work/street" --card "$here/card.yaml" --out "$2" "${@:3}"
}

once "$work/street" outfitter datasets prepare "$data/ccp" --format masks --categories slots --out "$work/street"
once "$work/packshots" outfitter datasets prepare "$data/clothing-small" --format class-folders --categories slots --out "$work/packshots"
once "$work/drawn" python "$here/draw_scenes.py" 360 "$work/drawn"

# Street photos and packshots; then drawn scenes, too.
once "$work/first" python "$here/mix.py" first "$work"
train "$work/run-first" "$work/first" --config "$here/train.yaml"
once "$work/second" python "$here/mix.py" second "$work"
train "$work/run-second" "$work/second" --config "$here/finetune.yaml" --init "$work/run-first"
export_to "$work/run-second" "$work/detector-second"

# It boxes tagged photos itself, and learns what is no garment.
once "$work/negatives" python "$here/draw_negatives.py" 1800 "$clipart" "$work/street" "$work/negatives"
once "$work/tagged" python "$here/label_tagged.py" "$work/detector-second" "$data/ccp" "$work/tagged"
once "$work/shoplike" python "$here/label_tagged.py" "$work/detector-second" "$data/clothing-small" "$work/shoplike"
once "$work/third" python "$here/mix.py" third "$work"
train "$work/run-third" "$work/third" --config "$here/selftrain.yaml" --init "$work/run-second"
export_to "$work/run-third" "$work/detector-third"

# Once more, with the better boxes.
mkdir -p "$work/again"
for part in street packshots drawn negatives shoplike; do ln -sfn "$(realpath "$work/$part")" "$work/again/$part"; done
once "$work/again/tagged" python "$here/label_tagged.py" "$work/detector-third" "$data/ccp" "$work/again/tagged"
once "$work/again/third" python "$here/mix.py" third "$work/again"
train "$work/run-fourth" "$work/again/third" --config "$here/selftrain2.yaml" --init "$work/run-third"
export_to "$work/run-fourth" "$work/detector" --area 118784 # 288 × 416 for a portrait photo: under 3 GFLOPs
