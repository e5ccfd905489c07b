"""What a citizen sends: made fit to be taken in, or refused with the field to be changed."""

import re
from dataclasses import dataclass, replace

from minsheng.citizens.errors import SubmissionInvalid
from minsheng.intake.text import clean_text
from minsheng.runtime.crypto import normal_phone

MOST = {"subject": 100, "body": 10_000, "name": 50, "phone": 40, "email": 254, "region": 100}
"""Characters of each field. Longer matters go to the desk with their papers."""
LEAST_KEY, MOST_KEY = 22, 100
"""Characters of a form's secret; 22 of base64 are 128 bits."""
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_GAP = re.compile(r"\s+")
_PHONE = re.compile(r"\d{7,15}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,63}")


@dataclass(frozen=True, slots=True)
class Submission:
    """A citizen's form; ``key`` is the secret of the form itself, made when it was shown.

    ``confidential``: asks not to be named to the office's other people (要求保密).
    """

    key: str
    subject: str
    body: str
    name: str
    phone: str
    email: str = ""
    region: str = ""
    confidential: bool = False


def plain_text(text: str) -> str:
    """Text without control signs and without those that turn the direction of writing about."""
    return clean_text(_BIDI.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def plain_line(text: str) -> str:
    """The same on one line."""
    return _GAP.sub(" ", plain_text(text)).strip()


def checked(form: Submission) -> Submission:
    """The form as it is taken in; raises SubmissionInvalid naming the first field to change."""
    form = replace(
        form,
        subject=plain_line(form.subject),
        body=plain_text(form.body),
        name=plain_line(form.name),
        phone=plain_line(form.phone),
        email=plain_line(form.email),
        region=plain_line(form.region),
    )
    check_key(form.key)
    check_text("subject", form.subject)
    check_text("body", form.body)
    check_text("name", form.name)
    check_phone(form.phone)
    check_text("region", form.region, least=0)
    check_email(form.email)
    return form


def check_key(key: str) -> None:
    """Refuse a form without a secret of ours; raises SubmissionInvalid."""
    if not (LEAST_KEY <= len(key) <= MOST_KEY and key.isascii() and key.isprintable()):
        message = "the form bears no key: open the page anew"
        raise SubmissionInvalid("key", message)


def check_text(field: str, text: str, *, least: int = 2) -> None:
    """Refuse a text that is too short or too long; raises SubmissionInvalid."""
    most = MOST[field]
    if len(text) < least:
        message = f"{field} is needed: give {least} characters at least"
        raise SubmissionInvalid(field, message)
    if len(text) > most:
        message = f"{field} has {len(text)} characters: {most} are taken"
        raise SubmissionInvalid(field, message)


def check_phone(phone: str) -> None:
    """Refuse what is no telephone number; raises SubmissionInvalid."""
    if not _PHONE.fullmatch(normal_phone(phone)) or len(phone) > MOST["phone"]:
        message = "give a telephone number with its area code: it opens the query later"
        raise SubmissionInvalid("phone", message)


def check_email(email: str) -> None:
    """Refuse what is no mail address; none at all is taken. Raises SubmissionInvalid."""
    if email and (len(email) > MOST["email"] or not _EMAIL.fullmatch(email)):
        message = "this is no mail address: correct it or leave it empty"
        raise SubmissionInvalid("email", message)
