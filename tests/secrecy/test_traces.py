"""I8: a complaint about an office, looked for at every door by all of that office's accounts.

Random routes (arrivals, joins, merges, unmerges, splits, answers to findings, marks) go on while
accounts look. What must not be seen is told by the test's own book: which messages complain of the
office, where messages stand by the ledger's rows, and which cases were ever joined to which.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from minsheng.cases.search import search_cases
from minsheng.cases.service import Sight, find_case

MATTERS = (
    "槐树路口的路灯坏了半个月，晚上看不见路，请派人修理。",
    "文化街的井盖破损，骑车的人摔倒两次，请更换井盖。",
    "幸福家园5号楼的暖气不热，室温只有十三度，请检修。",
    "建设路工地夜里十二点还在施工，噪声扰民，请管一管。",
)
ANGRY = "我要投诉测试单位county，工作人员互相推诿不作为。"


@dataclass
class Book:
    """What the test knows of an office: the words and ids that stand in messages about itself."""

    desk: Any
    owner: Any
    canaries: dict[str, str] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)

    def secrets(self) -> tuple[set[str], set[str]]:
        """What nobody without the right may read, and the numbers of the cases in sight.

        A family is secret when one of its messages complains or a person marked one of its cases.
        """
        root, number = self._families()
        rows = self.owner.execute(
            text("select message_id, case_id from case_messages where tenant_id = :t"),
            {"t": self.desk.tenant_id},
        )
        standing = {str(row.message_id): root[row.case_id] for row in rows}
        secret = {standing[m] for m in self.canaries if m in standing}
        secret |= {root[case] for case, name in number.items() if name in self.marked}
        hidden = {name for case, name in number.items() if root[case] in secret}
        hidden |= {message for message, case in standing.items() if case in secret}
        hidden |= {mark for m, mark in self.canaries.items() if standing[m] in secret}
        return hidden, set(number.values()) - hidden

    def _families(self) -> tuple[dict[Any, Any], dict[Any, str]]:
        rows = self.owner.execute(
            text("select id, number, merged_into from cases where tenant_id = :t"),
            {"t": self.desk.tenant_id},
        ).all()
        into = {row.id: row.merged_into for row in rows}

        def root(case: Any) -> Any:
            return case if into[case] is None else root(into[case])

        return {case: root(case) for case in into}, {row.id: row.number for row in rows}


@dataclass
class Routes:
    """Random changes by the one who may see everything."""

    book: Book
    dice: random.Random

    def go(self) -> None:
        """One change; what the office refuses (closed cases, and so on) is no matter here."""
        step = self.dice.choice(
            (self.arrive, self.arrive, self.merge, self.part, self.answer, self.mark)
        )
        step()

    def arrive(self) -> None:
        desk, dice = self.book.desk, self.dice
        batch = []
        for _ in range(dice.randint(1, 3)):
            mark = f"金丝雀{uuid.uuid4().hex[:10]}" if dice.random() < 0.4 else ""
            body = dice.choice(MATTERS) + (f"{ANGRY}{mark}。" if mark else "")
            phone = dice.choice(("", "", f"1380000000{dice.randint(0, 3)}"))
            batch.append(
                (mark, desk.message(body, phone, channel=dice.choice(("line", "letters"))))
            )
        taken = desk.take_in(*[message for _mark, message in batch])
        for (mark, _message), (message_id, _case) in zip(batch, taken, strict=True):
            if mark:
                self.book.canaries[message_id] = mark

    def merge(self) -> None:
        number, other = self.dice.choice(self._open()), self.dice.choice(self._open())
        self._post(f"/cases/{number}/merge", {"other": other, "despite_not_same": True})

    def part(self) -> None:
        case = self.book.desk.case(self.dice.choice(self._open()))
        if len(case["messages"]) < 2:
            return
        joined = [e["data"]["from"] for e in self._events(case["number"]) if e["kind"] == "merged"]
        if joined and self.dice.random() < 0.5:
            self._post(f"/cases/{case['number']}/unmerge", {"other": self.dice.choice(joined)})
        else:
            chosen = self.dice.choice(case["messages"])["id"]
            self._post(f"/cases/{case['number']}/split", {"messages": [chosen]})

    def answer(self) -> None:
        number = self.dice.choice(self._open())
        asked = self.book.desk.trusted.get(f"/cases/{number}/similar").json["items"]
        for finding in asked[:1]:
            outcome = self.dice.choice(("same", "related", "different"))
            self._post(f"/findings/{finding['finding']}/answer", {"outcome": outcome})

    def mark(self) -> None:
        """A person says that a case is about the office itself; only where nothing is joined."""
        case = self.book.desk.case(self.dice.choice(self._open()))
        if len(case["messages"]) == 1 and self.dice.random() < 0.3:
            body = {"office": self.book.desk.code}
            answer = self.book.desk.trusted.post(f"/cases/{case['number']}/complained", body)
            assert answer.status_code == 200, answer.text
            message = case["messages"][0]["id"]
            self.book.canaries.setdefault(message, message)

    def _open(self) -> list[str]:
        items = self.book.desk.trusted.get("/cases", limit=200).json["items"]
        return [item["number"] for item in items]

    def _events(self, number: str) -> list[Any]:
        events: list[Any] = self.book.desk.trusted.get(f"/cases/{number}/timeline").json["items"]
        return events

    def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = self.book.desk.trusted.post(path, body)
        assert answer.status_code in (200, 404, 409), answer.text


@dataclass
class Look:
    """Looks at doors for the accounts without the right, and says what it found."""

    book: Book
    dice: random.Random
    looks: int = 0

    def everywhere(self, times: int) -> list[str]:
        """``times`` looks by accounts and doors of chance; every trace, as account and door."""
        hidden, seen = self.book.secrets()
        people, faults = self.book.desk.everybody_else(), list[str]()
        for at in range(times):
            person = people[at % len(people)]
            faults += self._pages(person, hidden, seen)
            faults += self._api(hidden, seen)
            self.looks += 2
        return faults

    def _pages(self, person: Any, hidden: set[str], seen: set[str]) -> list[str]:
        secret, plain = self._one(hidden), self._one(seen)
        doors: list[tuple[str, str, dict[str, str]]] = [
            ("/queue", "", {"view": self.dice.choice(("all", "review", "joined"))}),
            ("/queue", "", {"state": "merged", "sort": self.dice.choice(("last_at", "-last_at"))}),
            ("/queue", secret, {"q": secret}),
            ("/queue", "", {"q": self.dice.choice(("投诉", "不作为", "路灯", "13800000001"))}),
            ("/review", "", {}),
            ("/", "", {}),
            ("/channels", "", {}),
            (f"/cases/{plain}", "", {}),
            (f"/cases/{plain}/preview", "", {}),
            (f"/cases/{secret}", secret, {}),
            (f"/cases/{secret}/preview", secret, {}),
            (f"/cases/{plain}/with", secret, {"other": secret}),
            (f"/cases/{secret}/with", secret, {"other": plain}),
            (f"/cases/{plain}/pairs/{self._finding(hidden)}", "", {}),
        ]
        path, asked, query = self.dice.choice(doors)
        answer = person.get(path, **query)
        faults = list(self._traces(answer, hidden, asked))
        if asked:
            absent = nowhere(asked)
            other = person.get(
                path.replace(asked, absent),
                **{k: v.replace(asked, absent) for k, v in query.items()},
            )
            faults += self._differs(answer, other, asked, absent)
        return [f"{person.role} {path} {query}: {fault}" for fault in faults]

    def _api(self, hidden: set[str], seen: set[str]) -> list[str]:
        client, secret, plain = self.book.desk.plain, self._one(hidden), self._one(seen)
        message = self.dice.choice(sorted(self.book.canaries))
        doors: list[tuple[str, str, str, Any]] = [
            ("get", "/cases", "", {"view": self.dice.choice(("all", "review", "joined"))}),
            ("get", "/cases", "", {"state": "merged", "limit": 200}),
            ("get", "/cases", secret, {"q": secret}),
            ("get", f"/cases/{plain}", "", {}),
            ("get", f"/cases/{plain}/timeline", "", {}),
            ("get", f"/cases/{plain}/similar", "", {}),
            ("get", f"/cases/{secret}", secret, {}),
            ("get", f"/cases/{secret}/timeline", secret, {}),
            ("get", f"/cases/{secret}/similar", secret, {}),
            ("post", f"/cases/{secret}/merge", secret, {"other": plain}),
            ("post", f"/cases/{plain}/merge", secret, {"other": secret}),
            ("post", f"/cases/{secret}/unmerge", secret, {"other": plain}),
            ("post", f"/cases/{plain}/split", message, {"messages": [message]}),
            ("post", f"/findings/{self._finding(hidden)}/answer", "", {"outcome": "related"}),
        ]
        verb, path, asked, said = self.dice.choice(doors)
        if message not in hidden and "split" in path:
            return []
        answer = client.get(path, **said) if verb == "get" else client.post(path, said)
        faults = list(self._traces(answer, hidden, asked))
        if asked:
            absent = nowhere(asked)
            said = {
                k: [absent] if v == [asked] else absent if v == asked else v
                for k, v in said.items()
            }
            path_of = path.replace(asked, absent)
            other = client.get(path_of, **said) if verb == "get" else client.post(path_of, said)
            faults += self._differs(answer, other, asked, absent)
        return [f"api {verb} {path} {said}: {fault}" for fault in faults]

    def _traces(self, answer: Any, hidden: set[str], asked: str) -> Iterator[str]:
        shown = answer.get_data(as_text=True) + str(list(answer.headers))
        yield from (f"shows {each}" for each in sorted(hidden - {asked}) if each in shown)

    def _differs(self, answer: Any, other: Any, asked: str, absent: str) -> Iterator[str]:
        texts = [
            one.get_data(as_text=True).replace(name, "IT")
            for one, name in ((answer, asked), (other, absent))
        ]
        if (answer.status_code, texts[0]) != (other.status_code, texts[1]):
            yield f"answered {answer.status_code}, an absent one {other.status_code}"

    def _one(self, names: set[str]) -> str:
        numbers = [name for name in sorted(names) if name.startswith(self.book.desk.code)]
        return self.dice.choice(numbers) if numbers else f"{self.book.desk.code}-20261120-99998"

    def _finding(self, hidden: set[str]) -> str:
        found = self.book.owner.execute(
            text("select id, message_id, other_id from findings where tenant_id = :t"),
            {"t": self.book.desk.tenant_id},
        )
        secret = [str(f.id) for f in found if {str(f.message_id), str(f.other_id)} & hidden]
        return self.dice.choice(secret) if secret else str(uuid.uuid4())


def nowhere(name: str) -> str:
    """A name of the same form that nothing bears."""
    return (
        f"{name[:-5]}99999"
        if "-" in name[-6:]
        else f"{name[:-4]}{'0000' if name[-4:] != '0000' else '1111'}"
    )


def walk(
    desk: Any, owner: Any, dice: random.Random, routes: int, looks: int
) -> tuple[Book, list[str]]:
    """Go random routes, look after each, and at the end by every account; the book, all traces."""
    book = Book(desk, owner)
    going, look = Routes(book, dice), Look(book, dice)
    faults = list[str]()
    going.arrive()
    while not book.canaries:
        going.arrive()
    for _ in range(routes):
        going.go()
        faults += look.everywhere(1)
    return book, faults + look.everywhere(looks)


def test_rel_i8_a_complaint_about_the_office_leaves_no_trace_for_its_own_accounts(
    desk: Any, owner: Any, dice: random.Random, scaled: Callable[[int, int], int]
) -> None:
    book, faults = walk(desk, owner, dice, scaled(500, 15), scaled(1500, 45))
    assert faults == []
    hidden, seen = book.secrets()
    assert hidden
    # Beside it, what is not about the office is there for them, and petitions see everything.
    liaison, petitions = desk.people["liaison"], desk.people["petitions"]
    for number in sorted(seen)[:5]:
        if not desk.case(number)["secret"]:
            assert liaison.get(f"/cases/{number}").status_code == 200
    secret = sorted(name for name in hidden if name.startswith(desk.code))[:5]
    assert all(petitions.get(f"/cases/{number}").status_code == 200 for number in secret)
    assert all(liaison.get(f"/cases/{number}").status_code == 404 for number in secret)


def test_rel_i8_counts_and_search_tell_only_of_what_is_in_sight(
    desk: Any, owner: Any, dice: random.Random
) -> None:
    book = Book(desk, owner)
    going = Routes(book, dice)
    for _ in range(6):
        going.arrive()
    for view in ("all", "review", "joined"):
        plain = desk.plain.get("/cases", view=view, limit=200).json["items"]
        every = desk.trusted.get("/cases", view=view, limit=200).json["items"]
        numbers = {each["number"] for each in plain}
        assert numbers == {
            each["number"] for each in every if not desk.case(each["number"])["secret"]
        }
        for each in plain:
            similar = desk.plain.get(f"/cases/{each['number']}/similar").json["items"]
            asked = {hint["case"] for hint in similar if hint["decision"] == "review"}
            assert bool(each["review_count"]) == bool(asked)
        if view != "joined":  # A filter of the queue, without a place in the rail.
            counted = int_of_view(desk.people["liaison"].get("/queue").text, view)
            assert counted == len(plain)
    found = desk.plain.get("/cases", q="推诿不作为", limit=200).json["items"]
    assert found == []
    assert desk.trusted.get("/cases", q="推诿不作为", limit=200).json["items"] != []


def int_of_view(page: str, view: str) -> int:
    """The count beside a view in the rail."""
    href = "/queue" if view == "all" else f"/queue?view={view}"
    after = page.split(f'<a class="view" href="{href}"', 1)[1].split("</a>", 1)[0]
    return int(after.rsplit("</span>", 1)[0].rsplit(">", 1)[1])


def test_rel_i8_with_the_guard_taken_away_the_same_walk_finds_traces(
    desk: Any, owner: Any, dice: random.Random, database: Any
) -> None:
    book, faults = walk(desk, owner, dice, 4, 4)
    assert faults == []
    for table in ("cases", "case_search"):
        with database.owner_session() as session:
            session.execute(
                text(f"update {table} set secret = false where tenant_id = :t"),
                {"t": desk.tenant_id},
            )
    found = Look(book, dice).everywhere(30)
    assert any("shows" in fault for fault in found)
    assert any("an absent one" in fault for fault in found)


def test_the_index_of_words_itself_gives_nothing_of_a_secret_case(desk: Any, process: Any) -> None:
    """The function that reads the index is the first layer, the queue's condition the second."""
    ((_, number),) = desk.take_in(desk.message(ANGRY))
    with process.tools.database.session(desk.tenant_id) as session:
        assert search_cases(session, "推诿不作为") == []
        found = search_cases(session, "推诿不作为", sight=Sight(confidential=True))
        assert [find_case(session, number, Sight(confidential=True)).id] == found


def test_a_posted_message_tells_its_case_to_those_who_may_see_it_only(desk: Any) -> None:
    angry = desk.message(ANGRY)
    ((_, number),) = desk.take_in(angry)
    assert desk.plain.post("/messages", angry).json["case"] is None
    assert desk.trusted.post("/messages", angry).json["case"] == number
    batch = desk.plain.post("/messages/batch", {"messages": [angry]}).json["results"]
    assert batch[0]["message"]["case"] is None
