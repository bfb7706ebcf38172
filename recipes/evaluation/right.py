"""A detector that is always right, by a data set's labels: ``python recipes/evaluation/right.py DATA OUT``.

OUT gets the held-out photos' own boxes as detections, in the lines that ``outfitter evaluate OUT --on OTHER`` reads:
judged on the same photos with other labels, they tell what the labels cost.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from outfitter.datasets import load


def main() -> None:
    data, out = (Path(argument) for argument in sys.argv[1:])
    with out.open("w", encoding="utf-8") as file:
        for one in load(data).split("val"):
            known = zip(one.annotations.boxes_xyxy.tolist(), one.annotations.labels, strict=True)
            found = [{"box_xyxy": box, "label": label, "score": 1.0} for box, label in known]
            file.write(json.dumps({"photo": one.name, "detections": found}) + "\n")


if __name__ == "__main__":
    main()
