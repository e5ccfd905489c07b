"""Which words of several origins are marked as the same."""

import random

from minsheng.faces.web.compare import compare


def _said(pieces: object) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in pieces]  # type: ignore[attr-defined]


def test_words_that_another_text_has_too_are_the_same_whatever_their_order() -> None:
    left, right = compare(["管网漏水，室温不足", "室温不足是因为管网漏水"])
    assert _said(left) == [("same", "管网漏水，室温不足")]
    assert _said(right) == [("same", "室温不足"), ("own", "是因为"), ("same", "管网漏水")]


def test_two_characters_in_common_are_an_accident_and_stay_own() -> None:
    left, _right = compare(["供热公司不管", "供热站来人"])
    assert _said(left) == [("own", "供热公司不管")]


def test_a_figure_that_only_one_text_has_is_a_fact_and_a_shared_one_is_not() -> None:
    left, right = compare(["3号楼11度", "3号楼14度"])
    assert ("fact", "11") in _said(left)
    assert ("fact", "14") in _said(right)
    assert ("fact", "3") not in _said(left)


def test_a_single_text_is_wholly_its_own_and_no_text_is_no_piece() -> None:
    assert _said(compare(["楼道3天没人扫"])[0]) == [("own", "楼道3天没人扫")]
    assert compare([]) == []


def test_the_pieces_of_any_texts_give_the_texts_back() -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    letters = "供热管网漏水 3号楼16.5度，。\n〔电话〕abcЖ😀\u202e<b>"
    for _ in range(200):
        texts = ["".join(chance.choices(letters, k=chance.randint(0, 60))) for _ in range(3)]
        again = ["".join(piece.text for piece in pieces) for pieces in compare(texts)]
        assert again == texts
