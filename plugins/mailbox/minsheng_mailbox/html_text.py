"""HTML to text in one pass from left to right: total, linear, without a document tree.

Mail HTML is laid out with nested tables; a renderer that aligns their columns blows up on hostile
nesting, and a tree parser recurses. A reader of letters needs the words and the line breaks.
"""

import html
import re

# Possessive, so that a tag that is none fails without backtracking.
_TAG = re.compile(
    r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+'){0,200}+[\"']?>"
)
_SILENT = {"script", "style", "head", "title", "template", "noscript", "svg", "textarea", "select"}
_LINE = {"div", "tr", "li", "dt", "dd", "table", "ul", "ol", "section", "article", "hr"}
_LINE |= {"header", "footer", "center", "address", "form", "blockquote", "tbody", "thead"}
_PARAGRAPH = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre"}
_CELL = {"td", "th"}
# Looking behind keeps a long run of spaces from being tried again at each of its characters.
_BREAKS = re.compile(r"(?<![ \xa0])[ \xa0]*+[\n\x03\x04][ \xa0\n\x03\x04]*")
_MANY_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
# Marks of our own between the words; the source is freed of them first.
_QUOTE_START = "\x01"
_QUOTE_END = "\x02"
_BLOCK = "\x03"
_BLANK_LINE = "\x04"
_MARKS = re.compile("[\x01-\x04]")
MAX_QUOTE_LEVEL = 5
MAX_BROKEN_TAGS = 200


def to_text(source: str) -> str:
    """Return the words of ``source``, one block a line; lines inside a quotation begin with ``>``.

    Scripts, styles, the head and comments are left out. After ``MAX_BROKEN_TAGS`` tags that never
    end, the rest is taken as words.
    """
    pieces = _Reader(_MARKS.sub("", source)).read()
    text = _MANY_LINES.sub("\n\n", _BREAKS.sub(_line_breaks, "".join(pieces)))
    return _quoted(text).strip("\n ")


class _Reader:
    """Walks over one document; what was once searched in vain is never searched again."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.last_end = source.rfind(">")
        self.broken = 0
        self.never_closed: set[str] = set()

    def read(self) -> list[str]:
        """Return the pieces of text and the breaks between them."""
        pieces: list[str] = []
        position = 0
        while self.broken < MAX_BROKEN_TAGS:
            opening = self.source.find("<", position)
            if not 0 <= opening < self.last_end:
                break
            pieces.append(_words(self.source[position:opening]))
            position, piece = self._markup(opening)
            pieces.append(piece)
        return [*pieces, _words(self.source[position:])]

    def _markup(self, opening: int) -> tuple[int, str]:
        """Return where the text goes on after the markup at ``opening``, and what it stands for."""
        if self.source.startswith("<!--", opening):
            return self._after("-->", opening + 4), ""
        if self.source.startswith(("<!", "<?"), opening):
            return self._after(">", opening + 2), ""
        tag = _TAG.match(self.source, opening)
        if tag is None:
            self.broken += 1
            return opening + 1, "<"
        closing, name = tag[1], tag[2].lower()
        if name in _SILENT and not closing:
            return self._skip(name, tag.end()), ""
        if name == "blockquote":
            return tag.end(), _QUOTE_END + _BLOCK if closing else _BLOCK + _QUOTE_START
        return tag.end(), "" if closing and name in _CELL else _break(name)

    def _after(self, mark: str, position: int) -> int:
        found = self.source.find(mark, position)
        return len(self.source) if found < 0 else found + len(mark)

    def _skip(self, name: str, position: int) -> int:
        if name not in self.never_closed:
            closing = re.compile(rf"</{name}[^>]{{0,100}}>", re.IGNORECASE)
            end = closing.search(self.source, position)
            if end:
                return end.end()
            self.never_closed.add(name)
        # An unclosed script hides the rest, as in a browser; an unclosed head must not.
        return len(self.source) if name in {"script", "style"} else position


def _words(text: str) -> str:
    return _MARKS.sub("", html.unescape(_SPACES.sub(" ", text)))


def _line_breaks(run: re.Match[str]) -> str:
    """Return the line breaks of a run: blocks share one, each <br> has its own."""
    if _BLANK_LINE in run[0]:
        return "\n\n"
    before, *after = run[0].split("\n")
    return "\n" * (len(after) + (_BLOCK in before))


def _break(name: str) -> str:
    if name in _PARAGRAPH:
        return _BLANK_LINE
    if name == "br":
        return "\n"
    if name in _LINE:
        return _BLOCK
    return " " if name in _CELL else ""


def _quoted(text: str) -> str:
    lines: list[str] = []
    level = 0
    for line in text.split("\n"):
        level += line.count(_QUOTE_START)
        words = line.replace(_QUOTE_START, "").replace(_QUOTE_END, "")
        mark = ">" * min(max(level, 0), MAX_QUOTE_LEVEL)
        lines.append(f"{mark} {words}".rstrip() if mark else words)
        level -= line.count(_QUOTE_END)
    return "\n".join(lines)
