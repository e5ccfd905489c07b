"""Passwords that are guessed early: common ones, patterns of the keyboard, words of the house.

zxcvbn counts the guesses that a cracker's dictionaries and patterns need (30,000 common passwords
among them; D. Wheeler, "zxcvbn: Low-Budget Password Strength Estimation", USENIX Security 2016). It
knows no Chinese habits and not where it is used, so those words are given to it (ASVS 5.0, 6.1.2).
"""

from zxcvbn import zxcvbn

LEAST_GUESSES_LOG10 = 8.0
"""From 10^8 guesses on zxcvbn calls a password safely unguessable with a slow hash (score 3)."""
LOOKED_AT = 72
"""zxcvbn takes no more characters; the work grows with the square of their number."""
WORDS = (
    "minsheng", "zhengfu", "xinfang", "duchashi", "bangongting", "liuyanban", "rexian", "12345",
    "lianluoyuan", "guanliyuan", "woaini", "woaiwojia", "zhongguo", "beijing", "5201314", "1314520",
    "1314", "520", "666", "888", "民声", "政府", "信访", "我爱你", "中国",
)  # fmt: skip
"""Words of the product, of its offices and of Chinese passwords that everybody tries."""


def is_guessable(password: str, *words: str) -> bool:
    """Whether fewer than 10^8 guesses reach it; ``words`` are names of person and office."""
    found = zxcvbn(password[:LOOKED_AT], user_inputs=[*WORDS, *words])
    return float(found["guesses_log10"]) < LEAST_GUESSES_LOG10
