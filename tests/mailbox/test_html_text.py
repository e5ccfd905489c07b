"""HTML to text: words and lines, no scripts, no surprises."""

import pytest

from minsheng_mailbox.html_text import MAX_BROKEN_TAGS, to_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>一</p><p>二</p>", "一\n\n二"),
        ("<div>一</div>\r\n<div>二</div>", "一\n二"),
        ("<div>一</div><div><br></div><div>二</div>", "一\n\n二"),
        ("一<br>二<br/>三", "一\n二\n三"),
        ("<b>路</b>灯", "路灯"),
        ("<table><tr><td>姓名</td><td>王</td></tr><tr><td>电话</td></tr></table>", "姓名 王\n电话"),
        ("<ul><li>一<li>二</ul>", "一\n二"),
        ("<script>alert('x')</script>正文<style>p{}</style>", "正文"),
        ("<SCRIPT>if (a</b) {}</SCRIPT >正文", "正文"),
        ("<head><title>题</title></head><body>正文", "正文"),
        ("<head>正文没有结束", "正文没有结束"),
        ("<script>没有结束", ""),
        ("一<!-- 注 <b> -->二", "一二"),
        ("价格<100元", "价格<100元"),
        ("a < b > c", "a < b > c"),
        ("&lt;b&gt; &amp;amp; &#36335;&nbsp;灯", "<b> &amp; 路\xa0灯"),
        ('<a title="a > b">链接</a>', "链接"),
        ("<blockquote>原信<blockquote>更早</blockquote></blockquote>后", "> 原信\n>> 更早\n>\n后"),
        ("纯文字\n第二行", "纯文字 第二行"),
        ("", ""),
    ],
)
def test_words_and_lines_remain(source: str, text: str) -> None:
    assert to_text(source) == text


def test_tags_that_never_end_become_words_after_a_while() -> None:
    source = "<b " * (MAX_BROKEN_TAGS * 3) + "路灯>"
    assert to_text(source).endswith("路灯>")
