"""What the acts of handling are called in the audit trail."""

from minsheng.faces.web.words import _


def handling_names() -> dict[str, str]:
    """The acts on cases, then those on how the office handles them."""
    return {**_case_names(), **_office_names()}


def handling_objects() -> dict[str, str]:
    """What is acted on besides cases."""
    return {
        "flow": _("流程"),
        "grade": _("时限类别"),
        "calendar": _("工作日历"),
        "alert": _("提醒"),
        "photo": _("照片"),
    }


def _case_names() -> dict[str, str]:
    return {
        "case.settle": _("定流程和时限"),
        "case.in_charge": _("定责任人"),
        "case.deputy": _("代理人接手"),
        "case.redate": _("重算时限"),
        "case.claim": _("签收认领"),
        "case.release": _("退回认领"),
        "case.assign": _("交办"),
        "case.advance": _("进入下一步"),
        "case.send_back": _("退回上一步"),
        "case.review": _("审核"),
        "case.pause": _("暂停计时"),
        "case.resume": _("恢复计时"),
        "case.set_grade": _("改时限类别"),
        "case.set_deadline": _("指定时限"),
        "case.ask_extension": _("申请延期"),
        "case.decide_extension": _("审批延期"),
        "case.close": _("办结"),
        "case.reopen": _("重新办理"),
        "case.mark_exempt": _("说明免除"),
        "case.add_demands": _("编号诉求点"),
        "case.answer_demand": _("答复诉求点"),
        "case.call_back": _("回访"),
        "case.visit": _("现场核查"),
        "case.photo": _("上传照片"),
        "case.contact": _("线下沟通"),
        "case.commit": _("作出承诺"),
        "case.land": _("承诺兑现"),
        "case.withdraw": _("撤回承诺"),
    }


def _office_names() -> dict[str, str]:
    return {
        "alert.unclaimed": _("超时未签收提醒"),
        "alert.nobody": _("无人可接提醒"),
        "alert.due_soon": _("临期提醒"),
        "alert.overdue": _("逾期提醒"),
        "alert.promise_due": _("承诺到期提醒"),
        "alert.extension_asked": _("延期待批提醒"),
        "alert.see": _("看过提醒"),
        "photo.show": _("查看照片"),
        "flow.change": _("改流程"),
        "flow.choose": _("选流程"),
        "grade.set": _("设时限类别"),
        "calendar.publish": _("发布放假安排"),
        "calendar.day": _("设本单位工作日"),
        "liaison.set": _("设联络员"),
        "liaison.drop": _("取消联络员"),
        "leave.set": _("登记请假"),
        "leave.drop": _("取消请假"),
    }
