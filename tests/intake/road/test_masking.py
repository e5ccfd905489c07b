"""What is masked in citizens' words, and what must not be."""

import pytest

from minsheng.intake.text import clean_text, mask_name, mask_phone, mask_text

PHONES = [
    "13800001234",
    "138 0000 1234",
    "138-0000-1234",
    "138－0000－1234",
    "１３８００００１２３４",
    "１３８ ００００ １２３４",
    "+8613800001234",
    "+86 138 0000 1234",
    "0086 13800001234",
    "008613800001234",
    "8613800001234",
    "013800001234",
    "0311-88231234",
    "031188231234",
    "0311 8823 1234",
    "（0311）88231234",
    "(010)88231234",
    "010-88231234",
    "０３１１－８８２３１２３４",
    "+86 311 88231234",
    "0319-2231234",
]
IDENTITIES = [
    "130129198001011234",
    "13012919800101123X",
    "13012919800101123x",
    "１３０１２９１９８００１０１１２３４",
    "130129 19800101 1234",
    "130129-20100203-0011",
]
PLATES = [
    "冀A12345",
    "冀A·12345",
    "冀A 12345",
    "冀AD12345",
    "冀a1234b",
    "京Ａ１２３４５",
    "冀A1234警",
    "鲁B1234挂",
]
MAILS = ["li.si@example.org", "li_si+1@mail.example.com.cn", "ｌｉ＠ｅｘａｍｐｌｅ．ｏｒｇ"]
FORMS = [
    *(("〔电话〕", said) for said in PHONES),
    *(("〔证件号〕", said) for said in IDENTITIES),
    *(("〔车牌〕", said) for said in PLATES),
    *(("〔邮箱〕", said) for said in MAILS),
]


@pytest.mark.parametrize(("placeholder", "said"), FORMS, ids=[said for _, said in FORMS])
def test_personal_numbers_are_masked_wherever_they_stand(placeholder: str, said: str) -> None:
    for before, behind in (("", ""), ("联系我：", "，谢谢"), ("（", "）"), ("我的是", "请保密")):
        assert mask_text(f"{before}{said}{behind}") == f"{before}{placeholder}{behind}"


@pytest.mark.parametrize(
    "said",
    [
        "欠薪13800元",
        "共计1380000.50元",
        "1,380,000元",
        "2026年11月20日",
        "2026-11-20 13:05",
        "20261120",
        "2024-09-27至2024-10-16",
        "3号楼2单元1201室",
        "槐树街138号院",
        "工单编号20261120130512345678",
        "工单26112013051212345",
        "编号SQ20261120001",
        "立案号（2026）冀0129民初1234号",
        "12345热线",
        "邮编051230",
        "客服4008001234",
        "小区共138户0单元",
        "面积1300平方米，距离138000米",
        "北纬38.0428，东经114.5149",
        "河北A区12345",
        "统一社会信用代码91130129MA07XY1234",
        "身高1米38，体重00克",
    ],
)
def test_amounts_dates_houses_and_order_numbers_stay(said: str) -> None:
    assert mask_text(said) == said


def test_every_number_of_a_text_is_masked_and_the_rest_stays_as_written() -> None:
    said = "我叫李四，１３８００００１２３４或0311-88231234，车冀A12345，ＡＢＣ小区３号楼"
    masked = "我叫〔姓名〕，〔电话〕或〔电话〕，车〔车牌〕，ＡＢＣ小区３号楼"
    assert mask_text(said, "李四") == masked


def test_the_citizens_own_name_is_masked_and_no_other() -> None:
    assert mask_text("李四和王五反映", "李四") == "〔姓名〕和王五反映"
    assert mask_text("李四反映", " 李四 ") == "〔姓名〕反映"


@pytest.mark.parametrize("name", ["", " ", "李", "匿名", "居民", "业主", "先生"])
def test_what_is_no_name_blots_out_nothing(name: str) -> None:
    said = "李先生：本小区居民、业主匿名反映"
    assert mask_text(said, name) == said


def test_control_characters_and_lone_surrogates_are_dropped() -> None:
    assert (
        clean_text(" 路\x00灯\x1b[2J\ud83d不\x7f亮\r\n第二行\t好 ") == "路灯[2J不亮\r\n第二行\t好"
    )
    assert clean_text("😀好") == "😀好"


@pytest.mark.parametrize(
    ("name", "shown"), [("李四", "李*"), (" 欧阳修 ", "欧*"), ("", ""), ("赵", "赵*")]
)
def test_a_name_is_shown_by_its_first_character(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800001234", "138******34"),
        ("0311-88231234", "031********34"),
        ("110", "***"),
        ("", "***"),
    ],
)
def test_a_telephone_is_shown_without_its_middle(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown
