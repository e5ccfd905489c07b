"""Why a case may not be closed, in the words of the desk.

The guards (``handling.guards``) say it in English, as errors do; each of their sentences has its
own here. One that is unknown is shown as it is.
"""

import re

from minsheng.faces.web.words import _


def reason_words(said: str) -> str:
    """A guard's sentence as the desk says it."""
    for pattern, words in _known():
        hit = re.fullmatch(pattern, said)
        if hit:
            return words % hit.groupdict() if hit.groupdict() else words
    return said


def _known() -> tuple[tuple[str, str], ...]:
    return (
        (r"there is no call-back record.*", _("还没有回访记录，也没有免回访")),
        (r"demand (?P<list>.+) is not answered", _("诉求点 %(list)s 还没有答复")),
        (r"a delivery of the reply is uncertain.*", _("有一份答复是否送达待核实")),
        (r"the official reply has not been delivered", _("正式答复还没有送达")),
        (r"the case is at (?P<at>.+), not at (?P<last>.+)", _("还在“%(at)s”，没有到“%(last)s”")),
        (r"the case waits for the citizen", _("正在等留言人补充，先恢复办理")),
        (r"not answered yet by (?P<names>.+): wait.*", _("%(names)s 还没有答复")),
        (r"(?P<count>\d+) instruction\(s\) of a leader.*", _("有 %(count)s 条领导批示没有办结")),
    )
