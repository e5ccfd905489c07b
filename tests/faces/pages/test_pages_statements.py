"""A page makes as many statements for many cases as for few."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

WORDS = "甲乙丙丁戊己庚辛壬癸"


@contextmanager
def counted(desk: Any) -> Iterator[list[str]]:
    """The statements that are made meanwhile."""
    said: list[str] = []

    def note(_c: Any, _cursor: Any, words: str, *_more: Any) -> None:
        said.append(words)

    engine = desk.tools.database.app_engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def statements(desk: Any, path: str) -> int:
    """How many statements a page makes once its caches are warm."""
    desk.http.get(path)
    with counted(desk) as said:
        assert desk.http.get(path).status_code == 200
    return len(said)


def take_in(desk: Any, many: int) -> str:
    """So many matters that have nothing in common; the number of the last."""
    number = ""
    for at, word in enumerate(WORDS[:many]):
        body = f"{word * 4}村第{at * 37}号地{word * 3}问题，{word * 5}请处理{at * 91}。"
        number = desk.take_in("mailbox", f"{word * 3}村的事", body, f"138001390{at:02d}")
    return number


def test_the_queue_makes_as_many_statements_for_ten_cases_as_for_two(desk: Any) -> None:
    desk.log_in()
    paths = ("/queue", "/queue?view=unclaimed", "/queue?channel=mailbox", "/queue?q=村的")
    take_in(desk, 2)
    few = [statements(desk, path) for path in paths]
    take_in(desk, 10)
    assert [statements(desk, path) for path in paths] == few
    assert max(few) <= 18


def test_a_case_makes_as_many_statements_for_three_messages_as_for_one(desk: Any) -> None:
    desk.log_in()
    number = desk.take_in_heating("mailbox")
    single = statements(desk, f"/cases/{number}")
    assert desk.take_in_heating("hotline_12345", "leaders_board") == number
    assert statements(desk, f"/cases/{number}") <= single + 1
