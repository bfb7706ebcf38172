#!/bin/sh
# Makes the learnt embedder of the table: make.sh WORK. Goes on where it stopped; about ten minutes on two cores.
set -eu
here=$(dirname "$0")
work=$1
mkdir -p "$work"
[ -e "$work/train/products.csv" ] || { rm -rf "$work/train"; python "$here/draw_products.py" "$work/train" 101 600; }
[ -e "$work/test/products.csv" ] || { rm -rf "$work/test"; python "$here/draw_products.py" "$work/test" 202 400; }
if [ ! -e "$work/run/run.json" ]; then
    outfitter train-embedder "$work/train/items.csv" --config "$here/train.yaml" --out "$work/run"
elif [ ! -e "$work/run/checkpoints/step-00000400" ]; then
    outfitter train-embedder --resume "$work/run"
fi
[ -e "$work/embedder/manifest.json" ] ||
    outfitter export "$work/run" --on "$work/test/again.csv" --card "$here/learnt-card.yaml" --out "$work/embedder"
