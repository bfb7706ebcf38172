#!/usr/bin/env bash
# Make the shipped detector again: recipes/detector/make.sh DATA WORK CLIPART STAMPS
# DATA holds ccp/ and clothing-small/; CLIPART is /usr/share/openclipart/png of Debian's package openclipart-png, STAMPS
# /usr/share/tuxpaint/stamps of tuxpaint-stamps-default.
# Interrupted and run again, it goes on with the step it was in.
set -euo pipefail
data=$1 work=$2 clipart=$3 stamps=$4 here=$(dirname "$0")
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

link() { # FOLDER PART...: the parts of a mixture that stay what they were
  mkdir -p "$work/$1"
  for part in "${@:2}"; do ln -sfn "$(realpath "$work/$part")" "$work/$1/$part"; done
}

export_to() { # RUN OUT OPTIONS...
  once "$2" outfitter export "$1" --on "$work/street" --card "$here/card.yaml" --out "$2" "${@:3}"
}

boxed_anew() { # STAGE DETECTOR COUNT: its mixture, of tagged photos that DETECTOR boxed and COUNT pasted scenes
  link "$1" street packshots drawn negatives
  once "$work/$1/pasted" python "$here/paste_scenes.py" "$3" "$work/street" "$work/$1/pasted"
  once "$work/$1/tagged" python "$here/label_tagged.py" "$work/$2" "$data/ccp" "$work/$1/tagged"
  once "$work/$1/shoplike" python "$here/label_tagged.py" "$work/$2" "$data/clothing-small" "$work/$1/shoplike"
  once "$work/$1/$1" python "$here/mix.py" "$1" "$work/$1"
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
once "$work/negatives" python "$here/draw_negatives.py" 2000 "$clipart" "$work/street" "$work/negatives"
once "$work/tagged" python "$here/label_tagged.py" "$work/detector-second" "$data/ccp" "$work/tagged"
once "$work/shoplike" python "$here/label_tagged.py" "$work/detector-second" "$data/clothing-small" "$work/shoplike"
once "$work/third" python "$here/mix.py" third "$work"
train "$work/run-third" "$work/third" --config "$here/selftrain.yaml" --init "$work/run-second"
export_to "$work/run-third" "$work/detector-third"

# Once more, with the better boxes.
link again street packshots drawn negatives shoplike
once "$work/again/tagged" python "$here/label_tagged.py" "$work/detector-third" "$data/ccp" "$work/again/tagged"
once "$work/again/third" python "$here/mix.py" third "$work/again"
train "$work/run-fourth" "$work/again/third" --config "$here/selftrain2.yaml" --init "$work/run-third"
export_to "$work/run-fourth" "$work/detector-fourth"

# Mostly street photos; then, boxed once more, street photos with people pasted elsewhere and all the others.
once "$work/again/fifth" python "$here/mix.py" fifth "$work/again"
train "$work/run-fifth" "$work/again/fifth" --config "$here/fifth.yaml" --init "$work/detector-fourth"
export_to "$work/run-fifth" "$work/detector-fifth"
boxed_anew sixth detector-fifth 1000
train "$work/run-sixth" "$work/sixth/sixth" --config "$here/sixth.yaml" --init "$work/run-fifth"
export_to "$work/run-sixth" "$work/detector-sixth"

# Once more, with more of the street, boxed by that.
boxed_anew seventh detector-sixth 2500
train "$work/run-seventh" "$work/seventh/seventh" --config "$here/seventh.yaml" --init "$work/run-sixth"

# From the mean of the weights of both, boxed anew, with masks.
export_to "$work/run-seventh" "$work/detector-seventh" --also "$work/run-sixth"
boxed_anew eighth detector-seventh 2000
train "$work/run-eighth" "$work/eighth/eighth" --config "$here/eighth.yaml" --init "$work/detector-seventh"

# The mean of its weights along the way and of what it began at; 288 × 416 for a portrait photo, under 3 GFLOPs.
once "$work/empty" python "$here/empty.py" "$stamps" "$work/empty"
also=(--also "$work/detector-seventh")
for step in 1000 1500 2000 2500 3000 3500; do also+=(--also "$work/run-eighth/checkpoints/step-0000$step"); done
export_to "$work/run-eighth/checkpoints/step-00004000" "$work/detector" "${also[@]}" --area 118784 --empty "$work/empty" --max-alarms 0.045
