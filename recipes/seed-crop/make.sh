#!/bin/sh
# Train the light detector on the original's crops: make.sh DATA TAGGED WORK. DATA holds ccp/, TAGGED is what
# recipes/detector/make.sh leaves in WORK/again/tagged. Goes on where it stopped; about forty minutes on a core.
set -eu
here=$(dirname "$0")
data=$1 tagged=$2 work=$3
mkdir -p "$work"
export OMP_WAIT_POLICY=PASSIVE
[ -e "$work/slot-crops/dataset.json" ] ||
    outfitter datasets prepare "$data/ccp" --format masks --categories slots --crop 0.05,0.20 --out "$work/slot-crops"
[ -e "$work/tagged-crops/dataset.json" ] ||
    outfitter datasets prepare "$tagged" --format coco --categories slots --val 0 --crop 0.05,0.20 --out "$work/tagged-crops"
[ -e "$work/crops" ] || python "$here/crops.py" "$work/crops" "$work/slot-crops" "$work/tagged-crops"
if [ ! -e "$work/run/run.json" ]; then
    shipped=$(python -c "from outfitter.artifact import SHIPPED; print(SHIPPED / 'detector')")
    outfitter train "$work/crops" --out "$work/run" --config "$here/train.yaml" --init "$shipped"
elif [ ! -e "$work/run/checkpoints/step-00001500" ]; then
    outfitter train --resume "$work/run"
fi
[ -e "$work/result" ] || outfitter evaluate "$work/run" --on "$work/crops" --protocol seed-crop --out "$work/result"
