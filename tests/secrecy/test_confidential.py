"""I8: a citizen who asked not to be named is looked for at every door by the office's own roles."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

MATTERS = (
    "槐树路口的路灯坏了半个月，晚上看不见路，请派人修理。",
    "文化街的井盖破损，骑车的人摔倒两次，请更换井盖。",
    "幸福家园5号楼的暖气不热，室温只有十三度，请检修。",
)
SURNAMES = "欧岳贺毛郝顾龚邵万覃"
ASKED = ("来电人要求保密。", "请不要透露我的姓名。", "请为我保密，谢谢。")


class Citizens:
    """Citizens of whom every part of the identity is found nowhere else in the texts."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.made = 0

    def one(self) -> dict[str, str]:
        """Telephones of those who ask for secrecy begin with 199, of nobody else."""
        self.made += 1
        given = f"{chr(0x7BE0 + self.made % 400)}{chr(0x9B00 + self.made // 400)}"
        name = f"{self._dice.choice(SURNAMES)}{given}"
        return {
            "name": name,
            "phone": f"199{self.made:04d}{self._dice.randint(1000, 9999)}",
            "email": f"mi{self.made:05d}@example.org",
        }


def message_of(desk: Any, citizen: dict[str, str], way: str, dice: random.Random) -> dict[str, Any]:
    """A message that asks for secrecy by its field, by words, or will be marked by an officer."""
    body = f"{dice.choice(MATTERS)}我叫{citizen['name']}，住6号楼2单元{dice.randint(101, 999)}室，"
    if way == "words":
        body += dice.choice(ASKED)
    message: dict[str, Any] = desk.message(
        body, subject=body[:12], citizen=citizen, confidential=way == "field",
        channel=dice.choice(("line", "letters", "board")),
    )  # fmt: skip
    return message


def identity(citizen: dict[str, str]) -> Iterator[str]:
    """Every form in which the citizen could be seen: in full, and as masks show it."""
    yield from citizen.values()
    yield f"{citizen['name'][0]}*"
    yield f"199******{citizen['phone'][-2:]}"


@pytest.fixture
def unnamed(
    desk: Any, dice: random.Random, scaled: Callable[[int, int], int]
) -> list[tuple[str, str, dict[str, str]]]:
    """Cases of citizens who asked in one way or another: message, case, citizen."""
    citizens, asked = Citizens(dice), []
    for at in range(scaled(200, 6)):
        way, citizen = ("field", "words", "officer")[at % 3], citizens.one()
        messages = [message_of(desk, citizen, way, dice)]
        if dice.random() < 0.5:
            # The same citizen once more, who asks for nothing this time.
            messages.append(message_of(desk, citizen, "none", dice) | {"body": messages[0]["body"]})
        if dice.random() < 0.3:
            messages.append(desk.message(dice.choice(MATTERS), "13800000001"))
        taken = desk.take_in(*messages)
        if way == "officer":
            for message, _case in taken[: len(taken)]:
                body = {"confidential": True, "reason": "来电说明"}
                answer = desk.plain.post(f"/messages/{message}/confidential", body)
                assert answer.status_code == 204, answer.text
        asked.append((*taken[0], citizen))
    return asked


def looks(desk: Any, dice: random.Random, message: str, case: str, phone: str) -> Iterator[Any]:
    """One look by a role of the office and one by a client, each at a door of chance."""
    person = dice.choice(desk.readers())
    similar = desk.plain.get(f"/cases/{case}/similar").json["items"]
    pairs = [f"/cases/{case}/pairs/{hint['finding']}" for hint in similar]
    path = dice.choice([f"/cases/{case}", f"/cases/{case}/preview", "/queue", "/review", *pairs])
    yield person.get(path)
    yield person.get("/queue", q=phone)
    yield person.send(f"/cases/{case}/messages/{message}/citizen", purpose="contact", words="")
    door = dice.choice(("", "/timeline", "/similar"))
    yield desk.plain.get(f"/cases/{case}{door}")
    yield desk.plain.post(f"/messages/{message}/citizen", {"purpose": "contact", "words": ""})


def test_rel_i8_a_citizen_who_asked_for_secrecy_is_seen_by_no_role_that_handles_the_case(
    desk: Any, dice: random.Random, unnamed: Any
) -> None:
    faults = []
    for message, case, citizen in unnamed:
        for answer in looks(desk, dice, message, case, citizen["phone"]):
            path, shown = answer.request.path, answer.get_data(as_text=True)
            seen = [part for part in identity(citizen) if part in shown]
            if answer.request.args.get("q") == citizen["phone"]:
                seen = [part for part in seen if part != citizen["phone"]]
                assert case not in shown, "found by the telephone of one who asked for secrecy"
            faults += [f"{path}: {part}" for part in seen]
    assert faults == []


def test_rel_i8_petitions_still_find_and_see_who_asked_for_secrecy(
    desk: Any, unnamed: Any, audit_of: Any
) -> None:
    petitions = desk.people["petitions"]
    for message, case, citizen in unnamed[:3]:
        page = petitions.get(f"/cases/{case}").text
        assert f"199******{citizen['phone'][-2:]}" in page
        assert case in petitions.get("/queue", q=citizen["phone"]).text
        form = {"purpose": "verify", "words": ""}
        shown = petitions.send(f"/cases/{case}/messages/{message}/citizen", **form).text
        assert all(part in shown for part in citizen.values())
    reveals = [e for e in audit_of(desk.tenant_id, "citizen.reveal") if e.result == "verify"]
    assert len(reveals) == len(unnamed[:3])


def test_beside_them_who_asked_for_nothing_is_masked_and_found_by_telephone(
    desk: Any, read: Any
) -> None:
    ((_, case),) = desk.take_in(desk.message(MATTERS[0], "13900001234", "贺知远"))
    handler = desk.people["handler"]
    shown = read(handler.get(f"/cases/{case}"))
    assert "贺* 139******34" in shown
    assert "贺知远" not in shown
    assert case in handler.get("/queue", q="13900001234").text
    assert desk.plain.get(f"/cases/{case}").json["messages"][0]["confidential"] is False


def test_another_message_of_the_same_citizen_in_the_case_names_nobody(desk: Any) -> None:
    citizen = {"name": "龚半夏", "phone": "19900007777", "email": ""}
    first = desk.message(MATTERS[0], citizen=citizen)
    again = desk.message(f"{MATTERS[0]}来电人要求保密。", citizen=citizen)
    (_, case), (_, same) = desk.take_in(first, again)
    assert case == same, "one citizen's one matter joins by itself"
    shown = desk.plain.get(f"/cases/{case}").json
    assert [message["citizen"]["phone"] for message in shown["messages"]] == ["", ""]
    assert "citizen.phone" not in desk.plain.get(f"/cases/{case}/timeline").text
    assert "citizen.phone" not in desk.plain.get(f"/cases/{case}").text
    assert "citizen.phone" in desk.trusted.get(f"/cases/{case}/timeline").text


def test_rel_i8_with_the_mark_taken_away_the_citizen_is_seen(
    desk: Any, dice: random.Random, unnamed: Any, database: Any
) -> None:
    with database.operator_session(desk.tenant_id) as session:
        session.connection().exec_driver_sql(
            "update messages set confidential = false where tenant_id = %s", (desk.tenant_id,)
        )
    seen = [
        part
        for message, case, citizen in unnamed
        for answer in looks(desk, dice, message, case, citizen["phone"])
        for part in identity(citizen)
        if part in answer.get_data(as_text=True)
    ]
    assert seen != []
