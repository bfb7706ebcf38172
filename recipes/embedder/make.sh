#!/bin/sh
# Makes the shipped embedder: make.sh DATA WORK. DATA holds ccp/ and clothing-small/. Goes on where it stopped; about
# half an hour on two cores.
set -eu
here=$(dirname "$0")
data=$1 work=$2
mkdir -p "$work"
once() { # OUT COMMAND...: run the command, unless it has made OUT already
    out=$1
    shift
    [ -e "$out" ] || { rm -rf "$(dirname "$out")"; "$@"; }
}
once "$work/train/products.csv" python "$here/draw_products.py" "$work/train" 101 600
once "$work/test/products.csv" python "$here/draw_products.py" "$work/test" 202 400
for seed in 301 302; do
    once "$work/boutique-$seed/items.csv" python "$here/draw_boutique.py" "$work/boutique-$seed" $seed
done
once "$work/street/dataset.json" outfitter datasets prepare "$data/ccp" --format masks --categories slots --out "$work/street"
once "$work/packshots/dataset.json" \
    outfitter datasets prepare "$data/clothing-small" --format class-folders --categories slots --out "$work/packshots"
once "$work/recoloured/items.csv" python "$here/recolour.py" "$work/packshots" "$work/recoloured" 401 400
if [ ! -e "$work/run/run.json" ]; then
    outfitter train-embedder "$work/train/items.csv" "$work/boutique-301/items.csv" "$work/boutique-302/items.csv" \
        "$work/recoloured/items.csv" "$work/street" "$work/packshots" --config "$here/train.yaml" --out "$work/run"
elif [ ! -e "$work/run/checkpoints/step-00002000" ]; then
    outfitter train-embedder --resume "$work/run"
fi
[ -e "$work/embedder/manifest.json" ] ||
    outfitter export "$work/run" --on "$work/street" --card "$here/card.yaml" --out "$work/embedder"
