"""One shoe of each kind, from the side: toe to +x, the ground at y = 0, about one head long; parts back to front."""

from __future__ import annotations

from typing import Final

import numpy as np

from outfitter.boutique.bags import GOLD
from outfitter.boutique.canvas import Mark, Part
from outfitter.boutique.colours import Rgb, darker, lighter, luma, trim
from outfitter.boutique.fabric import Fabric
from outfitter.boutique.product import BoutiqueProduct
from outfitter.boutique.shapes import CORNER, Points, ellipse, line, path, ribbon, shifted


def heel_of(product: BoutiqueProduct | None) -> float:
    if product is None or product.item is None:
        return 0.0
    return {"heels": 0.34, "boots": 0.12, "tall boots": 0.12, "ankle boots": 0.12}.get(
        product.item.shape, 0.03
    ) * product.item.height


def _sole(rgb: Rgb, thick: float, material: str = "rubber", toe: float = 0.6, heel: float = -0.46) -> Part:
    shape = path(
        (heel, -thick, CORNER),
        (heel + 0.2, -thick * 0.9),
        (0.15, -thick * 0.8),
        (toe - 0.06, -thick * 1.2),
        (toe, -thick * 1.05),
        (toe + 0.005, -thick * 0.4),
        (toe - 0.08, 0),
        (0.1, 0.0),
        (heel + 0.03, 0.0),
        (heel - 0.02, -thick * 0.3),
    )
    mark = Mark(
        path((heel, -thick * 0.5), (0.1, -thick * 0.45), (toe, -thick * 0.65), closed=False),
        trim(rgb, 0.25),
        0.6,
        0.012,
    )
    return Part(0, [shape], Fabric(rgb, material=material), round=0.05, volume=0.8, lift=0.03, marks=(mark,))


def _lace_rows(rgb: Rgb, start: Points, stop: Points, rows: int, wide: float) -> list[Mark]:
    marks = []
    ahead = (stop - start) / np.hypot(*(stop - start))
    side = np.array([-ahead[1], ahead[0]]) * wide
    for t in np.linspace(0.06, 0.96, rows):
        p = start + (stop - start) * t
        stroke = path(tuple(p - side * 0.5), tuple(p + ahead * 0.02), tuple(p + side), closed=False)
        marks += [Mark(shifted(stroke, 0.005, 0.014), (0, 0, 0), 0.3, 0.034), Mark(stroke, rgb, 1, 0.032)]
    return marks


def _sneaker(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, accent = product.fabric, product.accent
    sole_rgb: Rgb = (240, 238, 232) if product.item.kind % 3 else (f.rgb if luma(f.rgb) > 0.4 else (40, 40, 42))
    high = 0.22 if product.item.height > 1.2 else 0.0
    thick = 0.1 if product.item.size < 1.1 else 0.15
    shape = path(
        (-0.43, -thick + 0.03, CORNER),
        (-0.46, -0.22),
        (-0.42, -0.4),
        (-0.44, -0.5 - high, CORNER),
        (-0.32, -0.47 - high),
        (-0.16, -0.46 - high),
        (-0.07, -0.52 - high, CORNER),
        (0.04, -0.44 - high * 0.5),
        (0.17, -0.34),
        (0.34, -0.27),
        (0.5, -0.2),
        (0.57, -0.12),
        (0.56, -thick + 0.03, CORNER),
    )
    tongue = path(
        (-0.16, -0.45 - high, CORNER),
        (-0.13, -0.57 - high),
        (-0.07, -0.59 - high, CORNER),
        (0.0, -0.5 - high),
        (0.04, -0.4 - high, CORNER),
    )
    rgb = trim(f.rgb, 0.3)
    seams = [
        Mark(path((0.3, -0.27), (0.27, -0.17), (0.36, -0.11), (0.56, -0.1), closed=False), rgb, 0.7, 0.014),
        Mark(path((-0.06, -0.44 - high), (0.02, -0.28), (0.15, -0.2), (0.28, -0.18), closed=False), rgb, 0.6, 0.014),
        Mark(path((-0.45, -0.25), (-0.3, -0.28), (-0.24, -0.14), (-0.24, -0.08), closed=False), rgb, 0.6, 0.014),
    ]
    logo: list[Mark] = []
    if product.item.kind % 4 == 0:
        logo = [
            Mark(line((x, -0.15), (x + 0.06, -0.37), (x + 0.11, -0.37), (x + 0.06, -0.14)), accent)
            for x in (-0.16, -0.05)
        ]
    elif product.item.kind % 4 == 1:
        logo = [Mark(line((-0.24, -0.34), (-0.1, -0.17), (0.08, -0.34)), accent, 1.0, 0.045)]
    elif product.item.kind % 4 == 2:
        logo = [
            Mark(ellipse(-0.3, -0.36 - high * 0.6, 0.07, 0.07), accent, 1.0),
            Mark(path((-0.43, -0.47 - high), (-0.43, -0.3), (-0.4, -0.3), (-0.38, -0.46 - high)), accent, 1.0),
        ]
    laces = _lace_rows(
        lighter(sole_rgb, 0.4) if luma(f.rgb) < 0.75 else (225, 225, 222),
        np.array([0.2, -0.32]),
        np.array([-0.06, -0.47 - high]),
        5 if high else 4,
        0.09,
    )
    opening = path((-0.42, -0.48 - high), (-0.25, -0.42 - high), (-0.08, -0.48 - high), (-0.25, -0.52 - high))
    toe = Part(
        0,
        [
            path(
                (0.36, -0.26),
                (0.48, -0.21),
                (0.57, -0.12),
                (0.565, -thick + 0.02, CORNER),
                (0.4, -thick + 0.02, CORNER),
            )
        ],
        Fabric((238, 236, 230), material="rubber"),
        round=0.08,
        lift=0.0,
    )
    return [
        Part(0, [tongue], f.plain(), round=0.06, lift=0.0, shade=0.92),
        Part(0, [shape], f, round=0.16, volume=1.2, marks=(*seams, *logo, *laces), lift=0.03),
        *([] if worn else [Part(0, [opening], f.plain(darker(f.rgb, 0.5)), round=0.05, shade=0.7, lift=0)]),
        *([toe] if product.item.kind % 4 == 2 else []),
        _sole(sole_rgb, thick),
    ]


def _loafer(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f = product.fabric
    rgb = trim(f.rgb, 0.4)
    # fmt: off
    shape = path(
        (-0.42, -0.06, CORNER), (-0.45, -0.2), (-0.43, -0.4, CORNER), (-0.33, -0.36), (-0.18, -0.33), (-0.02, -0.36),
        (0.06, -0.42, CORNER), (0.18, -0.37), (0.32, -0.27), (0.46, -0.22), (0.56, -0.16), (0.585, -0.08),
        (0.56, -0.05, CORNER),
    )
    apron = path((0.02, -0.37), (0.16, -0.33), (0.3, -0.25), (0.43, -0.2), (0.46, -0.17), (0.36, -0.14), (0.18, -0.17),
        (0.06, -0.23), closed=False)
    strap = path((0.1, -0.41, CORNER), (0.21, -0.35, CORNER), (0.16, -0.24), (0.06, -0.08, CORNER),
        (-0.06, -0.08, CORNER), (0.03, -0.26))
    # fmt: on
    marks = [
        Mark(apron, darker(f.rgb, 0.5), 0.7, 0.022),
        Mark(shifted(apron, 0, -0.018), lighter(f.rgb, 0.3), 0.35, 0.014),
        Mark(strap, darker(f.rgb, 0.3), 0.55),
        Mark(path((-0.43, -0.375), (-0.18, -0.305), (0.05, -0.39), closed=False), rgb, 0.5, 0.012),
        Mark(path((-0.44, -0.2), (-0.3, -0.24), (-0.24, -0.08), closed=False), rgb, 0.5, 0.012),
    ]
    if product.item.kind % 2:
        bar = line((0.1, -0.325), (0.19, -0.28))
        marks += [Mark(bar, GOLD, 1, 0.035), Mark(ellipse(0.1, -0.325, 0.028, 0.028), GOLD)]
    else:
        marks.append(Mark(line((0.08, -0.3), (0.15, -0.27)), darker(f.rgb, 0.75), 0.9, 0.022))
    opening = path((-0.42, -0.385), (-0.18, -0.32), (0.05, -0.4), (-0.18, -0.44))
    sole_rgb = darker(f.rgb, 0.6)
    heel = path((-0.43, -0.07, CORNER), (-0.2, -0.07, CORNER), (-0.21, 0.02, CORNER), (-0.42, 0.02, CORNER))
    return [
        *([] if worn else [Part(0, [opening], f.plain(lighter(f.rgb, 0.3)), round=0.05, shade=0.55, lift=0)]),
        Part(0, [shape], f, round=0.15, volume=1.2, marks=tuple(marks), lift=0.03),
        Part(0, [heel], Fabric(darker(sole_rgb, 0.3), material="rubber"), round=0.04, lift=0.0),
        Part(
            0,
            ribbon(path((-0.43, -0.06), (0.1, -0.045), (0.58, -0.06), closed=False), 0.022, "e"),
            Fabric(sole_rgb, material="rubber"),
            round=0.02,
            lift=0.0,
        ),
    ]


def _boot(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, kind = product.fabric, product.item.kind
    shaft = {"tall boots": 1.5, "boots": 0.85, "ankle boots": 0.6}[product.item.shape]
    top = -0.3 if worn else -0.3 - shaft * 0.75
    heel = heel_of(product)
    lug = kind % 3 == 0
    sole_rgb = (30, 28, 28) if lug else darker(f.rgb, 0.6)
    shape = path(
        (-0.44, -heel, CORNER),
        (-0.46, -0.25 - heel),
        (-0.4, -0.42 - heel),
        (-0.43, top - heel, CORNER),
        (-0.2, top + 0.02 - heel),
        (-0.02, top - heel, CORNER),
        (-0.02, -0.5 - heel if not worn else top - heel),
        (0.04, -0.4 - heel * 0.9),
        (0.22, -0.29 - heel * 0.3),
        (0.44, -0.22),
        (0.57, -0.13),
        (0.58, -0.04, CORNER),
        (0.2, -0.02 - heel * 0.25),
        (-0.15, -heel),
    )
    rgb = trim(f.rgb, 0.4)
    marks: list[Mark] = []
    if kind % 3 == 0:
        marks += _lace_rows(
            (28, 26, 26) if luma(f.rgb) > 0.2 else (150, 120, 70),
            np.array([0.17, -0.34 - heel * 0.5]),
            np.array([-0.05, (-0.62 if worn else max(top + 0.06, -0.9)) - heel]),
            6,
            0.1,
        )
        marks.append(Mark(path((0.3, -0.27), (0.28, -0.15), (0.36, -0.07), closed=False), rgb, 0.6, 0.014))
    elif kind % 3 == 1 and not worn:
        marks.append(
            Mark(
                path(
                    (-0.28, top + 0.02 - heel, CORNER),
                    (-0.27, -0.4 - heel),
                    (-0.2, -0.27 - heel),
                    (-0.12, -0.4 - heel),
                    (-0.12, top + 0.02 - heel, CORNER),
                ),
                darker(f.rgb, 0.45),
                0.7,
            )
        )
    else:
        marks.append(Mark(line((-0.22, -0.12 - heel), (-0.21, top - heel)), rgb, 0.7, 0.02))
    mouth = ellipse(-0.22, top - heel, 0.205, 0.045)
    parts = [] if worn else [Part(0, [mouth], f.plain(darker(f.rgb, 0.4)), shade=0.6, lift=0, round=0.04)]
    parts.append(Part(0, [shape], f, round=0.16, volume=1.25, marks=tuple(marks), lift=0.03))
    thick = 0.1 if lug else 0.045
    parts.append(
        Part(
            0,
            [
                path(
                    (-0.44, -heel - 0.01, CORNER),
                    (-0.15, -heel - 0.01),
                    (0.2, -0.04 - heel * 0.25),
                    (0.42, -0.06),
                    (0.6, -0.06, CORNER),
                    (0.61, thick - 0.06),
                    (0.42, thick - 0.045),
                    (0.2, thick - 0.045 - heel * 0.2),
                    (-0.16, -heel + thick - 0.02, CORNER),
                    (-0.18, thick - 0.05, CORNER),
                    (-0.43, thick - 0.05, CORNER),
                )
            ],
            Fabric(sole_rgb, material="rubber"),
            round=0.04,
            volume=0.7,
            lift=0.02,
        )
    )
    return parts


def _heels(product: BoutiqueProduct, worn: bool) -> list[Part]:
    assert product.item is not None
    f, h = product.fabric, heel_of(product)
    open_toe = product.item.kind % 3 == 2
    shape = path(
        (-0.38, -h - 0.02, CORNER),
        (-0.41, -h - 0.15),
        (-0.37, -h - 0.27, CORNER),
        (-0.25, -h - 0.15),
        (-0.05, -h * 0.72 - 0.08),
        (0.15, -h * 0.3 - 0.1),
        (0.27, -0.18, CORNER),
        (0.4, -0.15),
        (0.55, -0.08),
        (0.64, -0.015, CORNER),
        (0.4, -0.01),
        (0.2, -0.02),
        (0.02, -h * 0.42),
        (-0.15, -h * 0.85),
    )
    stiletto = product.item.kind % 2 == 0
    heel = path(
        (-0.39, -h - 0.06, CORNER),
        (-0.36, -h * 0.5),
        (-0.345, 0, CORNER),
        (-0.3 + (0 if stiletto else 0.1), 0, CORNER),
        (-0.28 + (0 if stiletto else 0.06), -h * 0.5),
        (-0.15, -h - 0.0, CORNER),
    )
    inside = path(
        (-0.36, -h - 0.25),
        (-0.2, -h - 0.06),
        (0.05, -h * 0.45),
        (0.28, -0.16),
        (0.1, -h * 0.3 - 0.14),
        (-0.2, -h - 0.14),
    )
    parts = [
        Part(0, [heel], f.plain(), round=0.05, lift=0.0, shade=0.9),
        *([] if worn else [Part(0, [inside], f.plain((206, 178, 150)), shade=0.8, lift=0, round=0.04)]),
        Part(0, [shape], f, round=0.12, volume=1.2, lift=0.02),
    ]
    if open_toe or product.item.kind % 3 == 1:
        loop = ellipse(-0.25, -h - 0.42, 0.14, 0.05)
        strap = [
            *ribbon(np.concatenate([loop, loop[:1]]), 0.018),
            *ribbon(line((-0.38, -h - 0.2), (-0.38, -h - 0.42)), 0.022),
        ]
        buckle = Mark(ellipse(-0.14, -h - 0.4, 0.022, 0.026), GOLD)
        parts.append(Part(0, strap, f.plain(), round=0.03, lift=0.02, marks=(buckle,)))
    return parts


def _sandal(product: BoutiqueProduct, _worn: bool) -> list[Part]:
    assert product.item is not None
    f, kind = product.fabric, product.item.kind
    cork = (184, 142, 96) if kind % 2 else darker(f.rgb, 0.5)
    thick = 0.07 + 0.06 * (product.item.height > 1.1)
    sole = _sole(cork, thick, toe=0.56, heel=-0.45)
    bed = Part(
        0,
        [
            path(
                (-0.44, -thick),
                (-0.3, -thick - 0.06),
                (0.1, -thick - 0.04),
                (0.45, -thick - 0.05),
                (0.55, -thick),
                (0.1, -thick + 0.02),
            )
        ],
        Fabric(lighter(cork, 0.2), material="suede"),
        round=0.04,
        lift=0,
    )
    straps = [path((0.2, -thick, CORNER), (0.24, -0.2), (0.33, -0.24), (0.42, -thick - 0.02, CORNER), closed=False)]
    if kind % 3 == 0:
        straps = [
            path((0.12, -thick), (0.2, -0.24), (0.34, -0.22), (0.45, -thick), closed=False),
            path((-0.12, -thick), (-0.05, -0.34), (0.1, -0.34), (0.2, -thick), closed=False),
        ]
        wide = 0.05
    elif kind % 3 == 1:
        straps = [
            path((0.18, -thick), (0.25, -0.22), (0.36, -0.22), (0.45, -thick), closed=False),
            path((-0.42, -thick), (-0.43, -0.3), (-0.3, -0.44), (-0.14, -0.42), (-0.08, -0.34), closed=False),
            path((-0.42, -0.2), (-0.2, -0.32), (0.0, -0.3), (0.26, -0.18), closed=False),
        ]
        wide = 0.028
    else:
        straps = [
            path((-0.02, -thick), (0.02, -0.27), (0.14, -0.33), (0.26, -0.28), (0.38, -thick - 0.04), closed=False),
            path((0.08, -0.26), (0.22, -0.24), (0.36, -thick - 0.06), closed=False),
        ]
        wide = 0.085
    buckle = Mark(
        ellipse(-0.12 if kind % 3 == 1 else 0.1, -0.34 if kind % 3 < 2 else -0.24, 0.03, 0.035), (206, 178, 104)
    )
    return [bed, sole, *(Part(0, ribbon(s, wide), f, round=0.05, lift=0.03, marks=(buckle,)) for s in straps)]


SHOES: Final = {
    "sneakers": _sneaker,
    "loafers": _loafer,
    "boots": _boot,
    "tall boots": _boot,
    "ankle boots": _boot,
    "heels": _heels,
    "sandals": _sandal,
}
