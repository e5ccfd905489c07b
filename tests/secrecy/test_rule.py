"""The rule that reads whom a letter complains of, and who asks not to be named."""

import pytest

from minsheng.cases.complaints import NameBook, has_complaint
from minsheng.intake.confidential import asks_confidence, hide_person

CITY, OWN, SCHOOLS, ORDER, OTHER, OTHER_SCHOOLS, STREET = 1, 2, 3, 4, 5, 6, 7
BODIES = [
    (CITY, "石门市", "city", (9, CITY)),
    (OWN, "赞山县", "county", (9, CITY, OWN)),
    (SCHOOLS, "赞山县教育局", "department", (9, CITY, OWN, SCHOOLS)),
    (ORDER, "赞山县城市管理综合行政执法局", "department", (9, CITY, OWN, ORDER)),
    (OTHER, "元河县", "county", (9, CITY, OTHER)),
    (OTHER_SCHOOLS, "元河县教育局", "department", (9, CITY, OTHER, OTHER_SCHOOLS)),
    (STREET, "槐树街道", "street", (9, CITY, OWN, STREET)),
]
COUNTY_BODIES = [body for body in BODIES if OWN in body[3]]


@pytest.mark.parametrize(
    ("words", "complained"),
    [
        ("投诉赞山县教育局不作为，家长反映三次没有结果。", {SCHOOLS}),
        ("我要举报教育局局长张某收受贿赂。", {SCHOOLS}),
        ("县教育局的工作人员互相推诿。", {SCHOOLS}),
        ("赞山县政府强拆我家房子。", {OWN}),
        ("我实名举报县长张某贪污。", {OWN}),
        ("赞山县长包庇亲属，请上级查处。", {OWN}),
        ("槐树街道办主任吃拿卡要。", {STREET}),
        ("城市管理综合行政执法局的人打人。", {ORDER}),
        ("贵单位推诿扯皮，一年了没有结果。", {OWN}),
        ("找教育局，教育局推诿；找街道，槐树街道办事处不理。", {SCHOOLS, STREET}),
    ],
)
def test_an_office_named_with_words_of_complaint_is_complained_of(
    words: str, complained: set[int]
) -> None:
    assert has_complaint(words)
    assert NameBook.of(OWN, COUNTY_BODIES).complained_of("", words) == complained


@pytest.mark.parametrize(
    "words",
    [
        "县长您好，我要投诉物业乱收费。",
        "尊敬的县长：我投诉供热公司。",
        "向教育局反映学校违规补课。",
        "请教育局查处培训机构违规收费。",
        "恳请县教育局严查违规办学。",
        "赞山县某小区物业不作为，投诉多次。",
        "希望赞山县政府督促物业整改，投诉无果。",
        "教育局领导您好，我要举报某学校乱收费。",
        "槐树小区暖气不热，请派人检修。",
        "教育局在哪里办公，几点上班？",
    ],
)
def test_a_request_to_an_office_or_its_address_is_no_complaint_about_it(words: str) -> None:
    assert NameBook.of(OWN, COUNTY_BODIES).complained_of("", words) == set()


def test_of_two_offices_of_one_name_the_one_whose_place_is_named_is_meant() -> None:
    book = NameBook.of(CITY, BODIES)
    assert book.complained_of("投诉教育局不作为，元河的学校乱收费") == {OTHER_SCHOOLS}
    assert book.complained_of("投诉教育局不作为") == {SCHOOLS, OTHER_SCHOOLS}


@pytest.mark.parametrize(
    "words",
    [
        "来电人要求保密。",
        "请为我保密",
        "请对我的个人信息保密，谢谢",
        "不要透露我的姓名",
        "请勿泄露本人信息",
        "我匿名反映一件事",
        "市民要求对其身份信息予以保密",
        "是否保密：是",
        "希望政府替我们保密",
        "以匿名方式举报",
    ],
)
def test_a_citizen_who_asks_not_to_be_named_is_heard(words: str) -> None:
    assert asks_confidence("", words)


@pytest.mark.parametrize(
    "words",
    [
        "无需保密",
        "需要保密的情形除外",
        "来电人不要求保密",
        "是否保密：否",
        "公司让员工签保密协议",
        "没有要求保密",
        "路灯坏了",
    ],
)
def test_words_that_only_sound_alike_hide_nobody(words: str) -> None:
    assert not asks_confidence("", words)


def test_who_names_himself_or_his_door_is_hidden_and_the_place_stays() -> None:
    shown = hide_person("我叫李向阳，住槐树小区6号楼2单元301室，暖气不热。")
    assert "李向阳" not in shown
    assert "301" not in shown
    assert "槐树小区" in shown
    assert hide_person("我是王庄村民，路灯不亮。") == "我是王庄村民，路灯不亮。"
