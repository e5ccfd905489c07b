"""The signature and the request texts are those recorded from the live board."""

from typing import Any

import pytest

from minsheng_leaders_board.signing import list_param, param_text, signature

APP_CODE = "PC42ce3bfa4980a9"
VECTORS = [
    (
        "/v1/threads/list/bw",
        '{"fid":5050,"showUnAnswer":1,"typeId":5,"lastItem":"","position":1,"rows":10,'
        '"orderType":2}',
        "22e8ff231248d4e2774c9d1b523afdf9",
    ),
    (
        "/v1/threads/list/df",
        '{"fid":"593","showUnAnswer":1,"typeId":5,"lastItem":"","position":"0","rows":10,'
        '"orderType":2}',
        "a7db9282e68f7ccceff0785b444c2194",
    ),
    (
        "/v1/threads/list/df",
        '{"fid":"559","showUnAnswer":1,"typeId":5,"lastItem":"","position":0,"rows":10,'
        '"orderType":2}',
        "9f41eaf88787382c14da461be7079546",
    ),
    ("/v1/forum/getTopBwForums", "{}", "3be29e33cb708b79a3802f663cf8f16e"),
    (
        "/v2/threads/search?sortType=0",
        '{"position":0,"keywords":"天然气","fid":null,"domainId":null,"typeId":null,'
        '"timeRange":null,"ansChecked":false,"stTime":null,"sortType":"0","page":1,"rows":10}',
        "bec2facf4f2a6ea58ced5215c60e6c1c",
    ),
]


@pytest.mark.parametrize(("path", "param", "expected"), VECTORS)
def test_a_recorded_request_is_signed_as_recorded(path: Any, param: Any, expected: Any) -> None:
    assert signature(path, param, APP_CODE, "") == expected


@pytest.mark.parametrize(("path", "param", "expected"), VECTORS)
def test_every_byte_the_app_code_and_the_token_count(path: Any, param: Any, expected: Any) -> None:
    assert signature(path, f"{param} ", APP_CODE, "") != expected
    assert signature(path + "x", param, "PC", "") != expected
    assert signature(path, param, APP_CODE + "x", "") != expected
    assert signature(path, param, APP_CODE, "t") != expected


def test_our_list_requests_are_written_as_recorded() -> None:
    assert param_text(list_param("bw", "5050", 5, "", 10)) == VECTORS[0][1]
    assert param_text(list_param("df", "593", 5, "", 10)) == VECTORS[1][1]


def test_chinese_words_are_signed_unescaped() -> None:
    param = {"position": 0, "keywords": "天然气"}
    assert param_text(param) == '{"position":0,"keywords":"天然气"}'
