"""What the portal says to citizens: short, in their words, and what to do next."""

from minsheng.citizens.service import MOST, MOST_WORDS
from minsheng.faces.web.words import _

STEP_FIELDS = (("subject",), ("body",), ("region",), ("name", "phone", "email"), ())
"""One question a step; the last is for checking."""


def field_trouble(field: str) -> str:
    """What to change in a field of a form."""
    return {
        "subject": _("请用一句话写明是什么事，2 到 %(most)s 个字。", most=MOST["subject"]),
        "body": _("请写清经过，2 到 %(most)s 个字。", most=MOST["body"]),
        "region": _("地点请写在 %(most)s 个字以内。", most=MOST["region"]),
        "name": _("请写姓名，2 到 %(most)s 个字。", most=MOST["name"]),
        "phone": _("请写能打通的电话，座机带上区号。查询时要用后四位。"),
        "email": _("邮箱写得不对，请改正或留空。"),
        "key": _("页面放得太久，请核对后再提交一次。"),
        "solved": _("请为解决程度选一个分数。"),
        "manner": _("请为办理态度选一个分数。"),
        "speed": _("请为办理速度选一个分数。"),
        "words": _("补充的话请写在 %(most)s 个字以内。", most=MOST_WORDS),
    }.get(field, _("请核对后再提交一次。"))


def trouble(kind: str) -> str:
    """Why something was not done, and what to do."""
    return {
        "form": _("页面放得太久，没有提交。您写的都在，请再按一次。"),
        "away": _("暂时没有送到。您写的都在，请过一会儿再按一次。"),
        "often": _("这个网络提交得太频繁，请十五分钟后再试。您写的都在。"),
        "refused": _("查询码或电话后四位不对，请核对后再试。"),
        "locked": _("试得太多，这个查询码暂时锁住了。请十五分钟后再试。"),
        "ended": _("查询已经结束，请再输一次查询码。"),
        "rate": _("现在还不能评价，或修改的期限已过。"),
        "reopen": _("现在不能申请重新办理：还没有答复、已经申请过，或已过期限。"),
    }.get(kind, "")


def step_titles() -> list[str]:
    """The question of each step."""
    return [
        _("您要反映什么事？"),
        _("请说说经过"),
        _("在什么地方？"),
        _("怎样联系您？"),
        _("请核对后提交"),
    ]
