import inspect

import minsheng_dedupe
from minsheng_dedupe import Matcher, MemoryStore, Record


def test_the_public_face_is_sorted_and_whole() -> None:
    assert minsheng_dedupe.__all__ == sorted(minsheng_dedupe.__all__)
    assert {"Match", "Matcher", "MatcherConfig", "MemoryStore", "PostgresStore", "Reason"} <= set(
        minsheng_dedupe.__all__
    )


def test_every_public_name_says_what_it_is() -> None:
    classes = [getattr(minsheng_dedupe, n) for n in minsheng_dedupe.__all__]
    assert all(c.__doc__ for c in classes if inspect.isclass(c))


def test_the_module_explains_its_words() -> None:
    explained = minsheng_dedupe.__doc__ or ""
    assert all(f"\n    {w} " in explained for w in ("level", "veto", "code", "version"))


def test_the_version_names_levels_and_a_day() -> None:
    assert Matcher(None, MemoryStore()).version.startswith("levels:2026-")


def test_a_record_without_citizen_is_a_record() -> None:
    fields = set(Record.__dataclass_fields__)
    assert {"phone_ix", "email_ix", "name_ix", "region"} <= fields
