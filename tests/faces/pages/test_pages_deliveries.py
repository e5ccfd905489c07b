"""Sending: the page on which a person holds everything back and lets it go, as after a restore."""

from typing import Any

from sqlalchemy import text

_ENTRIES = text("""
    select action from audit_entries where tenant_id = :tenant and action like 'delivery.%'
    order by id
""")


def entries(desk: Any) -> list[str]:
    with desk.tools.database.owner_session() as session:
        return list(session.scalars(_ENTRIES, {"tenant": desk.tenant_id}))


def test_a_person_holds_everything_back_and_lets_it_go_with_a_reason(desk: Any) -> None:
    desk.log_in()
    assert "正常发送" in desk.http.get("/deliveries").text
    for path in ("/deliveries/hold", "/deliveries/release"):
        refused = desk.send(path, of="/deliveries", reason=" ")
        assert refused.location == "/deliveries?done=reason_missing"
    early = desk.send("/deliveries/release", of="/deliveries", reason="已核对")
    assert early.location == "/deliveries?done=already"
    assert entries(desk) == []
    held = desk.send("/deliveries/hold", of="/deliveries", reason="从备份恢复 <b>")
    assert held.location == "/deliveries?done=held"
    page = desk.http.get(held.location).text
    for part in ("已暂停", "从备份恢复 &lt;b&gt;", "待发 0 份", "放行以前一份也不发出"):
        assert part in page
    done = desk.send("/deliveries/release", of="/deliveries", reason="已逐一核对", unsent="yes")
    assert done.location == "/deliveries?done=unheld"
    assert "正常发送" in desk.http.get("/deliveries").text
    assert entries(desk) == ["delivery.hold", "delivery.release"]


def test_who_may_not_deliver_neither_sees_nor_holds_nor_releases(desk: Any) -> None:
    desk.log_in("handler")
    assert desk.http.get("/deliveries").status_code == 403
    for path in ("/deliveries/hold", "/deliveries/release"):
        assert desk.send(path, of="/queue", reason="已核对").status_code == 403
    assert "/deliveries" not in desk.http.get("/queue").text
    assert entries(desk) == []
