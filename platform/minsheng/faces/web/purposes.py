"""What a citizen's contact may be looked at for, in the words of the screen."""

from minsheng.cases.service import PURPOSES
from minsheng.faces.web.words import _


def purpose_names() -> tuple[tuple[str, str], ...]:
    """Each purpose with its words, in the order of the list."""
    names = {
        "contact": _("联系核实情况"),
        "visit": _("上门办理"),
        "verify": _("核对是否同一人"),
        "deliver": _("送达答复"),
        "other": _("其他（请说明）"),
    }
    return tuple((purpose, names[purpose]) for purpose in PURPOSES)
