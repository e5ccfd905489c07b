"""Two texts side by side: rows by sentence, courtesies folded, what clashes framed."""

import random

from minsheng.faces.web.aligned import align
from minsheng.faces.web.models import PassageRow

LEFT = "县长您好！槐树小区6号楼2单元暖气不热，室温只有13度。已向供热站报修三次，无人上门。谢谢！"
RIGHT = "槐树小区9号楼2单元暖气不热，室温只有15度。楼道灯也坏了。已向供热站报修三次，无人上门。"


def _text(rows: tuple[PassageRow, ...], side: str) -> str:
    said = [getattr(row, side) for row in rows]
    return "".join(piece.text for each in said if each for piece in each.pieces)


def _clashing(rows: tuple[PassageRow, ...], side: str) -> list[str]:
    said = [getattr(row, side) for row in rows]
    return [p.text for each in said if each for p in each.pieces if p.kind == "clash"]


def test_what_is_said_alike_stands_in_one_row_and_a_lone_sentence_faces_nothing() -> None:
    rows = align(LEFT, RIGHT)
    alike = [row for row in rows if row.left and row.right and "报修三次" in _text((row,), "left")]
    assert len(alike) == 1
    assert "报修三次" in _text(alike[:1], "right")
    lone = next(row for row in rows if "楼道灯" in _text((row,), "right"))
    assert "楼道灯" not in _text((lone,), "left")


def test_courtesies_are_folded_and_words_of_the_matter_are_not() -> None:
    folded = [row.left for row in align(LEFT, RIGHT) if row.left and row.left.courtesy]
    said = ["".join(piece.text for piece in each.pieces) for each in folded]
    assert said == ["县长您好！", "谢谢！"]


def test_a_building_that_differs_is_framed_on_both_sides_and_an_equal_one_is_not() -> None:
    rows = align(LEFT, RIGHT)
    for side, word in (("left", "6号楼"), ("right", "9号楼")):
        assert word in _clashing(rows, side)
    assert _clashing(align(LEFT, LEFT), "left") == []


def test_nothing_of_either_text_is_lost_or_said_twice() -> None:
    seed = 20261122
    rng = random.Random(seed)
    signs = "甲乙丙丁6号楼。！？；\n 您好谢谢，<b>\u202e🙂"
    for _ in range(60):
        texts = ["".join(rng.choices(signs, k=rng.randint(0, 60))) for _ in range(2)]
        rows = align(*texts)
        for side, text in zip(("left", "right"), texts, strict=True):
            told = _text(rows, side)
            assert told.split() == "".join(text).replace("\n", " ").split() or (
                told.replace("\n", "").replace(" ", "") == text.replace("\n", "").replace(" ", "")
            ), f"seed {seed}"
