"""The verbs of supervision: what faces may ask of this room."""

from minsheng.supervision.dossier import Made, dossier_key, make_dossier
from minsheng.supervision.errors import FiguresInvalid
from minsheng.supervision.facts import ROLL_UP, RollUp
from minsheng.supervision.figures import (
    COLUMNS,
    LATE_AGES,
    OPEN_AGES,
    Figures,
    FiguresWish,
    OfficeFigures,
    figures_of,
)

__all__ = [
    "COLUMNS",
    "LATE_AGES",
    "OPEN_AGES",
    "ROLL_UP",
    "Figures",
    "FiguresInvalid",
    "FiguresWish",
    "Made",
    "OfficeFigures",
    "RollUp",
    "dossier_key",
    "figures_of",
    "make_dossier",
]
