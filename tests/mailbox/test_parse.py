"""Reading one mail: a truth table of what real mailers write, each mail written for this test."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minsheng_mailbox.parse import parse
from minsheng_sdk import Attachment, MessageUnreadable, ParsedMessage, RawItem


def read(raw: bytes) -> ParsedMessage:
    return parse(RawItem("INBOX:1:1", raw, "1"))


def header(**fields: bytes) -> bytes:
    lines = {"From": b"wang@citizen.example"} | {
        name.replace("_", "-"): value for name, value in fields.items()
    }
    return b"".join(name.encode() + b": " + value + b"\r\n" for name, value in lines.items())


def letter(body: bytes = b"x", **fields: bytes) -> ParsedMessage:
    return read(header(**fields) + b"\r\n" + body)


def b(text: str, codec: str, label: str = "") -> bytes:
    return b"=?" + (label or codec).encode() + b"?B?" + b64encode(text.encode(codec)) + b"?="


def split_word(text: str, codec: str, label: str, at: int, glue: bytes) -> bytes:
    """Two B words of one text, cut at byte ``at``, in the middle of a character."""
    data = text.encode(codec)
    words = [b"=?%s?B?%s?=" % (label.encode(), b64encode(half)) for half in (data[:at], data[at:])]
    return glue.join(words)


SUBJECT = "关于朱镕路路灯不亮的反映"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b(SUBJECT, "utf-8"), SUBJECT),
        (b(SUBJECT, "gb18030", "gb2312"), SUBJECT),
        (b(SUBJECT, "gb18030", "GBK"), SUBJECT),
        (b(SUBJECT, "gb18030", "x-gbk"), SUBJECT),
        (b(SUBJECT, "gb18030", "gb_18030-2000"), SUBJECT),
        (b(SUBJECT, "gb18030", "euc-cn"), SUBJECT),
        (b(SUBJECT, "gb18030", "cp936"), SUBJECT),
        (b(SUBJECT, "utf-8", "gb2312"), SUBJECT),
        (b(SUBJECT, "gb18030", "x-nonsense"), SUBJECT),
        (SUBJECT.encode("utf-8"), SUBJECT),
        (SUBJECT.encode("gb18030"), SUBJECT),
        ("路燈壞了請縣長派人修理".encode("big5"), "路燈壞了請縣長派人修理"),
        (split_word(SUBJECT, "gb18030", "gb2312", 7, b"\r\n "), SUBJECT),
        (split_word(SUBJECT, "utf-8", "utf-8", 7, b"\r\n\t"), SUBJECT),
        (split_word(SUBJECT, "utf-8", "utf-8", 7, b""), SUBJECT),
        (b"=?utf-8?Q?=E8=B7?=\r\n =?UTF-8?B?r+eBrw==?=", "路灯"),
        (b"=?utf-8?q?a_b?= c =?utf-8?q?d?=", "a b c d"),
        (
            b"Re: "
            + b("路灯", "gb18030", "gb2312")
            + b" =?utf-8?B?"
            + b64encode("亮".encode())
            + b"?=",
            "Re: 路灯亮",
        ),
        (b"=?utf-8*zh-cn?B?" + b64encode("路灯".encode()) + b"?=", "路灯"),
        (b"=?utf-8?B?6Lev54Gv?", "=?utf-8?B?6Lev54Gv?"),
        (b"=?utf-8?B?6Lev54Gv6?=", "路灯"),
        (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        (b"a\r\n b\r\n\tc", "a b c"),
        (b"a\x00b \x1b[31m\xe2\x80\xaec", "ab [31mc"),
        (b"", ""),
    ],
)
def test_a_subject_is_read(value: bytes, text: str) -> None:
    assert letter(Subject=value).subject == text


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        (b"wang@citizen.example", "", "wang@citizen.example"),
        (b"<wang@citizen.example>", "", "wang@citizen.example"),
        (
            b("王小明", "gb18030", "gb2312") + b" <wang@citizen.example>",
            "王小明",
            "wang@citizen.example",
        ),
        (
            b'"' + b("王小明", "utf-8") + b'" <wang@citizen.example>',
            "王小明",
            "wang@citizen.example",
        ),
        ("王小明 <wang@citizen.example>".encode("gb18030"), "王小明", "wang@citizen.example"),
        (b'"Wang, \\"Ming\\"" <w@c.example>', 'Wang, "Ming', "w@c.example"),
        (b"w@c.example (Wang Ming)", "Wang Ming", "w@c.example"),
        (b"=?utf-8?Q?Wang,_Ming?= <w@c.example>", "Wang, Ming", "w@c.example"),
        # CVE-2023-27043: an address inside the name must stay a name.
        (b'"boss@county.example" <w@c.example>', "boss@county.example", "w@c.example"),
        (
            b("a <boss@county.example>", "utf-8") + b" <w@c.example>",
            "a <boss@county.example>",
            "w@c.example",
        ),
        (b"boss@county.example <w@c.example>", "boss@county.example", "w@c.example"),
        (b"<", "<", ""),
        (b'"', "", ""),
        (b"a@[", "a@[", ""),
        (b"", "", ""),
        (b"Wang", "Wang", ""),
        (b"<w@c.example\r\n >", "", "w@c.example"),
        (b"<w@c.example> <", "<", "w@c.example"),
    ],
)
def test_the_citizen_is_the_sender(value: bytes, name: str, address: str) -> None:
    citizen = letter(From=value).citizen
    assert citizen.email == address
    if value != b"a@[":
        assert citizen.name == name


def test_of_several_senders_the_first_counts_and_their_number_is_told() -> None:
    two = letter(From=b"a@c.example, b@c.example")
    assert (two.citizen.email, two.extra["senders"]) == ("a@c.example", "2")
    assert "senders" not in letter().extra
    twice = read(b"From: a@c.example\r\nFrom: b@c.example\r\n\r\nx")
    assert (twice.citizen.email, twice.extra["senders"]) == ("a@c.example", "2")


def test_another_reply_address_is_told_but_not_taken() -> None:
    other = letter(Reply_To=b"spy@evil.example")
    assert other.citizen.email == "wang@citizen.example"
    assert other.extra["reply_to"] == "spy@evil.example"
    assert "reply_to" not in letter(Reply_To=b"<wang@citizen.example>").extra


@pytest.mark.parametrize(
    ("to", "addressee"),
    [
        (b("县委书记信箱", "gb18030", "gb2312") + b" <desk@county.example>", "县委书记信箱"),
        ("县长信箱 <desk@county.example>".encode(), "县长信箱"),
        (b"desk@county.example", ""),
        (b'"desk@county.example" <desk@county.example>', ""),
        (b"a@b.example, " + "县长信箱 <desk@county.example>".encode(), "县长信箱"),
        (b"", ""),
    ],
)
def test_the_addressee_is_the_name_the_letter_was_written_to(to: bytes, addressee: str) -> None:
    assert letter(To=to).addressee == addressee


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"<a.1@c.example>", "<a.1@c.example>"),
        (b"  <a@c> (comment)", "<a@c>"),
        (b"bare@c.example", "bare@c.example"),
        (b"<>", ""),
        (b"<a b@c>", ""),
        (b"", ""),
        (b"<" + b"a" * 999 + b">", ""),
        (b"<a\x00@c>", ""),
    ],
)
def test_the_message_id_is_the_external_id(value: bytes, name: str) -> None:
    assert letter(Message_ID=value).external_id == name


def test_the_thread_holds_references_then_in_reply_to_once_each() -> None:
    message = letter(References=b"<a@b>\r\n <c@d> <>", In_Reply_To=b"<c@d> <e@f>")
    assert message.thread == ("<a@b>", "<c@d>", "<e@f>")
    assert letter().thread == ()


BEIJING_NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        b"Mon, 2 Mar 2026 12:00:00 +0800",
        b"Mon, 2 Mar 2026 12:00:00 +0800 (CST)",
        b"2 Mar 26 04:00 GMT",
        b"Mon, 02 Mar 2026 12:00:00 CST",
        b"Mon,  2 March 2026 12:00:00",
        b"2026-03-02 12:00:00",
        b"2026-03-02T04:00:00Z",
        "2026年3月2日 12:00".encode(),
        b"Sun, 1 Mar 2026 22:00:00 -0600",
    ],
)
def test_a_date_is_read_in_the_forms_that_occur(value: bytes) -> None:
    message = letter(Date=value)
    assert message.received_at == BEIJING_NOON
    assert "date" not in message.extra


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"yesterday",
        b"Mon, 31 Feb 2026 12:00:00 +0800",
        b"1 Jan 1970 00:00:00 +0000",
        b"1 Jan 2199 00:00:00 +0000",
        b"2 Mar 2026 25:61:00",
        b"Mon, 2 Mar 2026 12:00:00 +9999",
        b"2 Mar 99999 1:1:1",
        "2026年13月40日 99:99".encode(),
    ],
)
def test_without_a_sane_date_the_newest_received_field_counts(value: bytes) -> None:
    received = (
        b"Received: by b; Mon, 2 Mar 2026 12:00:00 +0800\r\n"
        b"Received: by a; Mon, 2 Mar 2026 11:00:00 +0800\r\n"
    )
    message = read(received + header(Date=value) + b"\r\nx")
    assert (message.received_at, message.extra["date"]) == (BEIJING_NOON, "received")


def test_without_any_date_the_letter_counts_from_now() -> None:
    before = datetime.now(UTC)
    message = letter(Date=b"<>")
    assert before <= message.received_at <= datetime.now(UTC)
    assert message.extra["date"] == "missing"


@pytest.mark.parametrize(
    ("written", "believed"),
    [
        (b"Mon, 2 Mar 2026 11:59:00 +0800", True),
        (b"Wed, 25 Feb 2026 12:00:00 +0800", True),
        (b"Tue, 3 Mar 2026 11:00:00 +0800", True),
        (b"Mon, 2 Feb 2026 12:00:00 +0800", False),
        (b"Thu, 5 Mar 2026 12:00:00 +0800", False),
    ],
)
def test_a_date_far_from_the_arrival_is_not_believed(written: bytes, believed: bool) -> None:
    received = b"Received: by b; Mon, 2 Mar 2026 12:00:00 +0800\r\n"
    message = read(received + header(Date=written) + b"\r\nx")
    assert ("date" not in message.extra) is believed
    assert abs(message.received_at - BEIJING_NOON) <= timedelta(days=7 if believed else 0)


BODY = "尊敬的书记：\n路灯不亮。"


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({"Content_Type": b"text/plain; charset=utf-8"}, BODY.encode()),
        ({}, BODY.encode()),
        ({}, BODY.encode("gb18030")),
        ({"Content_Type": b"text/plain; charset=gb2312"}, BODY.encode()),
        ({"Content_Type": b"text/plain; charset=utf-8"}, BODY.encode("gb18030")),
        ({"Content_Type": b'text/plain; charset="nonsense"'}, BODY.encode("gb18030")),
        ({"Content_Type": b"text"}, BODY.encode()),
        ({"Content_Type": b"multipart/mixed"}, BODY.encode()),
        ({"Content_Type": b"multipart/mixed; boundary=never"}, BODY.encode()),
        ({"Content_Transfer_Encoding": b"base64"}, b64encode(BODY.encode())),
        ({"Content_Transfer_Encoding": b" BASE64 ;"}, b64encode(BODY.encode())[:-1] + b"\r\n!\r\n"),
        ({"Content_Transfer_Encoding": b"8bit"}, BODY.replace("\n", "\r\n").encode()),
        ({"Content_Transfer_Encoding": b"strange"}, BODY.encode()),
        (
            {"Content_Type": b"text/html; charset=gbk"},
            "<div>尊敬的书记：</div><div>路灯不亮。</div>".encode("gb18030"),
        ),
        (
            {"Content_Type": b"text/html"},
            '<meta charset="gbk"><p>尊敬的书记：<br>路灯不亮。</p>'.encode("gb18030"),
        ),
    ],
)
def test_a_body_is_read(fields: dict[str, bytes], data: bytes) -> None:
    assert letter(data, **fields).body == BODY


def parts(kind: str, *inner: bytes, boundary: bytes = b"=_b") -> bytes:
    opened = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in inner)
    start = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind.encode(), boundary)
    return start + b"preamble\r\n" + opened + b"--" + boundary + b"--\r\nepilogue\r\n"


PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "纯文本".encode()
BLANK = b"Content-Type: text/plain\r\n\r\n \r\n"
MARKED = b"Content-Type: text/html; charset=utf-8\r\n\r\n" + "<p>超文本</p>".encode()
PICTURE = (
    b"Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo="
)
MAIL = (
    b"Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: s\r\n\r\n" + "内信".encode()
)


@pytest.mark.parametrize(
    ("tree", "body", "files"),
    [
        (parts("alternative", PLAIN, MARKED), "纯文本", []),
        (parts("alternative", BLANK, MARKED), "超文本", []),
        (parts("mixed", PLAIN, PICTURE), "纯文本", [Attachment("a.png", "image/png", 8)]),
        (parts("mixed", PLAIN, MARKED), "纯文本\n\n超文本", []),
        (
            parts("related", parts("alternative", PLAIN, MARKED, boundary=b"=_c"), PICTURE),
            "纯文本",
            [Attachment("a.png", "image/png", 8)],
        ),
        (parts("mixed", PLAIN, MAIL), "纯文本", [Attachment("", "message/rfc822", 39)]),
        (parts("mixed", MAIL), "内信", [Attachment("", "message/rfc822", 39)]),
        (parts("mixed", PLAIN).replace(b"--=_b--", b""), "纯文本", []),
        (parts("mixed", b"\r\n" + "无头".encode(), PLAIN), "无头\n\n纯文本", []),
    ],
)
def test_the_tree_of_parts_is_read(tree: bytes, body: str, files: list[Attachment]) -> None:
    message = read(header() + tree)
    assert message.body.removesuffix("\n\nepilogue") == body
    assert list(message.attachments) == files


def attached(disposition: bytes, more: bytes = b"") -> str:
    part = b"Content-Type: application/pdf%s\r\nContent-Disposition: attachment%s\r\n\r\n%%PDF" % (
        more,
        disposition,
    )
    (file,) = read(header() + parts("mixed", PLAIN, part)).attachments
    assert file.size == 4
    return file.name


@pytest.mark.parametrize(
    ("disposition", "more", "name"),
    [
        (b"; filename=a.pdf", b"", "a.pdf"),
        (b'; filename="a b.pdf"', b"", "a b.pdf"),
        (b"; filename*=UTF-8''%E7%85%A7%E7%89%87.pdf", b"", "照片.pdf"),
        (b"; filename*=gb2312'zh-cn'%D5%D5%C6%AC.pdf", b"", "照片.pdf"),
        (
            b"; filename*0*=utf-8''%E7%85%A7;\r\n filename*1*=%E7%89%87;\r\n filename*2=.pdf",
            b"",
            "照片.pdf",
        ),
        (b"; filename*1*=%E7%89%87.pdf; filename*0*=utf-8''%E7%85%A7", b"", "照片.pdf"),
        (b'; filename*0="long "; filename*1="name.pdf"', b"", "long name.pdf"),
        (b'; filename="' + b("照片.pdf", "gb18030", "gb2312") + b'"', b"", "照片.pdf"),
        (b'; filename="' + "照片.pdf".encode("gb18030") + b'"', b"", "照片.pdf"),
        (b"", b"; name=" + b("照片.pdf", "utf-8"), "照片.pdf"),
        (b'; filename="../../etc/passwd"', b"", ".._.._etc_passwd"),
        (b'; filename="C:\\\\a.pdf"', b"", "C:_a.pdf"),
        (b'; filename="a\xe2\x80\xaefdp.exe"', b"", "afdp.exe"),
        (b"; filename*=nonsense", b"", "nonsense"),
        (b"; filename*=x''%", b"", "%"),
        (b"", b"", ""),
    ],
)
def test_the_name_of_a_file_is_read(disposition: bytes, more: bytes, name: str) -> None:
    assert attached(disposition, more) == name


@pytest.mark.parametrize(
    ("fields", "auto"),
    [
        ({"Auto_Submitted": b"auto-replied"}, True),
        ({"Auto_Submitted": b"Auto-Generated; x=y"}, True),
        ({"Auto_Submitted": b"no"}, False),
        ({"Precedence": b"bulk"}, True),
        ({"Precedence": b"List"}, True),
        ({"Precedence": b"first-class"}, False),
        ({"Return_Path": b"<>"}, True),
        ({"Return_Path": b"<a@b.example>"}, False),
        ({"List_Id": b"<news.example>"}, True),
        ({"Content_Type": b"multipart/report; boundary=x"}, True),
        ({"Subject": "自动回复：路灯".encode()}, True),
        ({"Subject": "自动回复系统坏了".encode()}, False),
        ({}, False),
    ],
)
def test_mail_that_a_machine_sent_is_told(fields: dict[str, bytes], auto: bool) -> None:
    assert (letter(**fields).extra.get("auto") == "true") is auto


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("我的手机：13900001234", "13900001234"),
        ("联系电话 139-0000-1234。", "13900001234"),
        ("电话：+86 139 0000 1234", "13900001234"),
        ("电话：１３９００００１２３４", "13900001234"),
        ("座机 0311-8000123，谢谢", "0311-8000123"),
        ("打（010）62345678", "010-62345678"),
        ("施工方13911110000\n…\n电话：13900001234", "13900001234"),
        ("施工方13911110000" + "\n正文" * 20 + "\n王某\n13900001234", "13900001234"),
        ("身份证130105199001011234", ""),
        ("订单号 213900001234", ""),
        ("12900001234", ""),
        ("", ""),
    ],
)
def test_the_citizens_telephone_is_found(text: str, phone: str) -> None:
    assert letter(text.encode()).citizen.phone == phone


@pytest.mark.parametrize(
    "mark",
    [
        "-----原始邮件-----",
        "------------------ 原始邮件 ------------------",
        "---- 回复的原邮件 ----",
        "-----Original Message-----",
        "在 2026年3月2日，某县信访局写道：",
        "On Mon, Mar 2, 2026 at 12:00 PM desk <d@c.example> wrote:",
        "发件人: 某县信访局\n发送时间: 2026年3月2日",
        "> 您好",
    ],
)
def test_the_quoted_history_is_kept_and_can_be_cut_off(mark: str) -> None:
    own = "还是不亮。\n王小明"
    message = letter(f"{own}\n\n{mark}\n旧文，办公室电话 0311-80001234".encode())
    assert message.body[: int(message.extra["quoted_at"])].strip() == own
    assert "旧文" in message.body
    assert message.citizen.phone == ""


def test_a_letter_without_history_has_no_such_mark() -> None:
    assert "quoted_at" not in letter("请看 > 这里 -- 谢谢".encode()).extra
    assert "quoted_at" not in letter("> 通篇都是引用".encode()).extra


def test_a_line_that_is_no_field_does_not_hide_the_fields_after_it() -> None:
    message = read(b"From: a@b.example\r\njunk without a colon\r\nSubject: s\r\n\r\nbody")
    assert (message.subject, message.body) == ("s", "body")
    assert read(b"Subject: s\nbody without a blank line\nmore").body.startswith("body without")


def test_line_ends_of_every_kind_are_read() -> None:
    for end in (b"\r\n", b"\n"):
        raw = end.join([b"From: a@b.example", b"Subject: s", b"", "一".encode(), "二".encode()])
        assert (read(raw).subject, read(raw).body) == ("s", "一\n二")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "no mail header"),
        (b"\r\n\r\nbody only", "no mail header"),
        (b"\x00\xff\x00", "no mail header"),
        (b"a: b\r\n" * 501 + b"\r\nx", "500 header fields"),
        (b"a: " + b"b" * 300_000, "larger than"),
        (
            b"To: " + b",\r\n ".join(b"a%d@b.example" % n for n in range(40_000)) + b"\r\n\r\nx",
            "larger than",
        ),
        (header() + parts("mixed", *[PLAIN] * 201), "200 parts"),
        (
            header()
            + b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
                for n in range(1500)
            ),
            "20 levels",
        ),
        (b"Content-Type: message/rfc822\r\n\r\n" * 25 + b"x", "20 levels"),
    ],
)
def test_what_exceeds_the_bounds_is_refused_whole(raw: bytes, reason: str) -> None:
    with pytest.raises(MessageUnreadable, match=reason):
        read(raw)


def test_what_stays_within_the_bounds_is_read() -> None:
    assert len(read(header() + parts("mixed", *[PLAIN] * 190)).body.split()) == 190
    assert read(b"a: b\r\n" * 499 + b"Subject: s\r\n\r\nx").subject == "s"
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(15)
    )
    assert read(header() + nested + PLAIN).body == "纯文本"


def test_a_very_long_letter_is_cut_and_says_so() -> None:
    message = letter("长".encode() * 300_000)
    assert (len(message.body), message.extra["body"]) == (200_000, "cut")
    assert "body" not in letter("长".encode() * 7_000).extra


@pytest.mark.parametrize(
    "raw",
    [
        b"X-Minsheng-Truncated: size=99\r\nFrom: a@b.example\r\n\r\nbody",
        b"From: a@b.example\r\nX-Minsheng-Truncated: size=99\r\n\r\n",
        b"X-Minsheng-Truncated: yes\r\nFrom: a@b.example\r\n\r\n",
    ],
)
def test_a_forged_mark_of_truncation_has_no_effect(raw: bytes) -> None:
    assert "truncated" not in read(raw).extra


def test_a_genuine_mark_of_truncation_is_told() -> None:
    genuine = read(b"X-Minsheng-Truncated: size=99\r\nFrom: a@b.example\r\n\r\n")
    assert genuine.extra["truncated"] == "99"


def test_fields_of_the_channel_it_does_not_know_stay_empty() -> None:
    message: Any = letter()
    assert (message.region, message.kind) == ("", "")
