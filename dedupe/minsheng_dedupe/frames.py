"""Cut off what the channel wrote around the citizen's words.

Each channel has line rules (whole lines that say nothing of the matter) and phrase rules (openings
and closings inside a line). A rule that would leave nothing is not applied: a forwarded letter is
all quotation, and its words are the only ones there are.
"""

import re

_WORDS_LEFT = re.compile(r"(?:\W*\w){8}")

_PREFIX = re.compile(r"^\s*(?:(?:答复|回复|转发|自动回复|re|fwd?|fw|aw)\s*[::]\s*)+")
_TAG = re.compile(r"^\s*(?:[\[【(][^\]】)]{1,12}[\]】)]\s*)+")
_TAG_WORDS = re.compile(
    r"投诉|咨询|建议|求助|举报|表扬|感谢|其他|其它|留言|来信|来电|工单|诉求|已受理|待办"
)

_ORIGINAL = re.compile(
    r"^\s*(?:[-_=]{2,}\s*|-\s*)?(?:原始邮件|original message|转发的邮件|转发邮件|forwarded message)"
    r"\s*(?:[-_=]{2,}|-)?\s*$",
    re.MULTILINE,
)
_WROTE = re.compile(r"^.{0,80}(?:写道|wrote)\s*:\s*$", re.MULTILINE)
_MAIL_LINE = re.compile(
    r"^\s*(?:>.*|--\s*|发自.{0,20}|sent from my .{0,20}|从.{1,12}发送|获取 ?outlook.*"
    r"|(?:发件人|收件人|抄送|发送时间|日期|时间|主题|from|to|cc|sent|date|subject)\s*:.*)$",
    re.MULTILINE,
)
_QUOTE_MARK = re.compile(r"^\s*(?:>\s?)+", re.MULTILINE)

_LABEL = (
    "(?:工单|受理|登记|派单|单)?(?:编号|单号|流水号)|(?:来电|受理|登记|派单|诉求|反映)时间"
    "|(?:诉求人|来电人|反映人|联系人|投诉人|市民)(?:姓名|电话|号码|手机|性别)?|联系(?:电话|方式)|来电号码"
    "|(?:诉求|问题|工单|受理)(?:类型|类别|分类|来源)|紧急程度|承办单位|办理(?:时限|期限)|受理(?:员|人|渠道)"
)
_HOTLINE_LINE = re.compile(rf"^\s*(?:{_LABEL})\s*[::].{{0,60}}$", re.MULTILINE)
_HOTLINE_TITLE = re.compile(
    r"^.{0,16}(?:转办单|工单|交办单|受理单|记录单)(?:\s*[(\[].{0,30})?\s*$", re.MULTILINE
)
_HOTLINE_OPEN = re.compile(
    r"(?:诉求|反映|来电|工单|主要)内容\s*[::]"
    r"|(?:(?:该|某|一)?(?:市民|来电人|诉求人|反映人|投诉人|群众|居民|网友)"
    r"(?:[\u4e00-\u9fff]{0,2}(?:先生|女士))?(?:来电|致电|拨打.{0,8}热线)?)"
    r"(?:反映|咨询|投诉|举报|求助|表示|称)(?:称|到)?\s*[::,]?"
)
_HOTLINE_CLOSE = re.compile(
    r"(?:现)?(?:来电人|诉求人|市民|反映人)?(?:要求|希望|请|望|恳请)?(?:贵|相关|有关|职能|主管|属地)"
    r"(?:职能)?(?:部门|单位)(?:尽快|及时|予以|给予|协助|进行|帮助)*(?:核实|核查|调查|查实|处理|解决|答复|回复|关注)"
    r"(?:并|、|,|和)?(?:予以|尽快|及时|依法)*(?:核实|处理|解决|答复|回复|整改|反馈)*(?:诉求人|来电人|市民)?[。.!]?"
    r"|(?:诉求人|来电人|市民|反映人)要求(?:回复|答复|回电|保密)[^。\n]{0,10}[。.!]?"
)

# Before 诉求内容: an order has its labels, whether a line each or in a row.
_HOTLINE_HEAD = re.compile(
    r"^.{0,200}?(?:(?:诉求|反映|来电|来信|工单|问题|主要)内容|(?:事项|问题|诉求)描述)\s*[::]",
    re.DOTALL,
)
_HOTLINE_TALK = re.compile(
    r"^\s*(?:\[.{1,8}\])?\s*(?:坐席|话务员|客服)\s*[::].{0,60}?(?:市民|来电人)\s*[::]"
)
_HOTLINE_TAIL = re.compile(
    r"(?:\n\s*|[。!?]\s*)(?:坐席|话务员|客服)\s*[::][^\n]{0,60}$"
    r"|[。\s]*[(\[]?(?:话务员|受理员|受理人|坐席|记录人)[::]?\s*\w{1,12}[)\]]?\s*$"
)
_HEAD_LABELS = re.compile("编号|单号|工单|时间|来电人|诉求人|反映人|电话|地点|标题|保密")

_ADDRESSED = re.compile(r"(?:尊敬|敬爱|亲爱)的[^,。!:\n]{0,14}[::,!]?\s*(?:您好|你好|好)?[!,。:]?")
_HELLO = re.compile(
    r"\s*[^,。!:\n]{0,8}(?:书记|市长|省长|县长|区长|镇长|局长|主任|领导)?\s*[,::]?\s*(?:您好|你好)[!,。:]?"
)
_GOODBYE = re.compile(
    r"(?:此致)?\s*敬礼[!。]?\s*$|(?:谢谢|感谢)(?:您|领导|各位领导)?[!。.]*\s*$"
    r"|(?:希望|盼|望|期待|请)(?:领导|得到)?(?:尽快|早日|给予|及时|予以)*(?:回复|答复|解决|处理)(?:为盼)?[!。.]*\s*$"
)
_LAST = 60
"""Characters at the end in which a farewell stands."""

_NEAR = 16
"""Characters before its key word within which a clerk's phrase begins."""

_OPENERS = re.compile("内容|市民|来电人|诉求人|反映人|投诉人|群众|居民|网友")
_CLOSERS = re.compile("部门|单位|要求")


def subject_words(subject: str) -> str:
    """A folded subject without 答复: and 转发: prefixes and without tags such as 【投诉】."""
    bare = _PREFIX.sub("", subject.replace("\n", " "))
    tag = _TAG.match(bare)
    if tag and _TAG_WORDS.search(tag[0]) and len(bare) - tag.end() >= 4:
        bare = bare[tag.end() :]
    return _PREFIX.sub("", bare).strip()


def body_words(body: str, channel: str) -> str:
    """A folded body without the frame its channel puts around it, and without greetings."""
    if channel == "mailbox":
        body = _mail(body)
    elif channel == "hotline_12345":
        body = _clerk(body)
    return _if_enough(_polite(body), body)


def _clerk(body: str) -> str:
    body = _order(body)
    for rule in (_HOTLINE_LINE, _HOTLINE_TITLE):
        body = _unless_empty(rule, body)
    for key, rule in ((_OPENERS, _HOTLINE_OPEN), (_CLOSERS, _HOTLINE_CLOSE)):
        body = _if_enough(_phrases_cut(key, rule, body), body)
    return body


def _order(body: str) -> str:
    """What an order holds between its labels and the clerk's own words."""
    head = _HOTLINE_HEAD.match(body)
    if head and _HEAD_LABELS.search(head[0]):
        body = _if_enough(body[head.end() :], body)
    body = _unless_empty(_HOTLINE_TALK, body)
    return body[:-_LAST] + _if_enough(_HOTLINE_TAIL.sub("", body[-_LAST:]), body[-_LAST:])


def _polite(body: str) -> str:
    bare = _ADDRESSED.sub("", body)
    hello = _HELLO.match(bare)
    bare = bare[hello.end() :] if hello else bare
    return bare[:-_LAST] + _GOODBYE.sub("", bare[-_LAST:])


def _phrases_cut(key: re.Pattern[str], phrase: re.Pattern[str], text: str) -> str:
    """`text` without each `phrase` that begins shortly before a `key` word: to search for the
    key first costs a tenth of trying the phrase everywhere."""
    kept, done = [], 0
    for hit in key.finditer(text):
        if hit.start() >= done:
            found = phrase.search(text, max(done, hit.start() - _NEAR), hit.end() + 4 * _NEAR)
            if found:
                kept.append(text[done : found.start()])
                done = found.end()
    return "".join((*kept, text[done:]))


def _mail(body: str) -> str:
    """The new words of a mail; of a bare forward, the forwarded words."""
    for rule in (_ORIGINAL, _WROTE):
        split = rule.search(body)
        if split:
            own = _MAIL_LINE.sub("", body[: split.start()])
            kept = body[: split.start()] if _long_enough(own) else body[split.end() :]
            body = kept if _long_enough(kept) else body
    stripped = _MAIL_LINE.sub("", body)
    if _long_enough(stripped):
        return stripped
    return _unless_empty(_MAIL_LINE, _QUOTE_MARK.sub("", body))


def _unless_empty(rule: re.Pattern[str], text: str) -> str:
    return _if_enough(rule.sub("", text), text)


def _if_enough(cut: str, text: str) -> str:
    """What was cut, where words are left of it; else `text` as it was."""
    return cut if len(cut) == len(text) or _long_enough(cut) else text


def _long_enough(text: str) -> bool:
    return _WORDS_LEFT.match(text) is not None
