"""Messages to be put into a loopback server: invented, and awkward where real ones are."""

from datetime import datetime, timedelta, timezone

from minsheng_sdk.records import Citizen, SampleMessage

# China has kept one offset since 1991.
BEIJING = timezone(timedelta(hours=8))
FIRST = datetime(2024, 9, 27, 8, 30, 7, tzinfo=BEIJING)

_WORDS = (
    ("路灯不亮", "门前的路灯已经三天不亮了，晚上回家看不清路。"),
    ("供暖温度", "室内只有14℃，\n\n第一段。\n\n第二段：请尽快处理。"),
    ("生僻字姓名", "来信人姓堃，住在垚鑫小区，请勿写错。"),
    ("标点与符号", "a < b && c > d；\"引号\"、'单引号'、100%、￥3.50、#5号楼。"),
    ("全角与半角", "ＡＢＣ１２３ 与 ABC123 混用（括号）【方括号】——破折号……"),
    ("单独的点", "第一行\n.\n..\nFrom 某人\n最后一行"),
    ("很长的一段", "此事已经反映多次，" * 120 + "望答复。"),
    ("繁體與表情", "請問這條路何時修好？😀 谢谢🙏"),
)


def sample_messages(
    count: int,
    tag: str = "a",
    first: datetime = FIRST,
    step: timedelta = timedelta(seconds=61),
) -> tuple[SampleMessage, ...]:
    """Return ``count`` messages with unique subjects, ``step`` apart from ``first`` on.

    Messages of different ``tag`` never share a ``sample_id`` or a subject.
    """
    return tuple(_sample(number, tag, first + number * step) for number in range(count))


def _sample(number: int, tag: str, received_at: datetime) -> SampleMessage:
    subject, body = _WORDS[number % len(_WORDS)]
    name = f"{tag}{number:04d}"
    return SampleMessage(
        sample_id=f"sample-{name}",
        subject=f"{subject}（{name}）",
        body=f"{body}\n编号{name}。",
        received_at=received_at,
        region="示范县",
        addressee="示范县县长",
        kind="投诉",
        domain="城建",
        citizen=Citizen(f"示例{number}", f"1990000{number:04d}", f"citizen{number}@example.com"),
    )
