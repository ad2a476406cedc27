"""What a contact card lacks, in Chinese."""

import pytest

from services.card_parts import CardPart
from ui.card_words import missing_words


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([CardPart.GUARDIAN_RELATION, CardPart.GUARDIAN_AGE], "监护人的年龄，和孩子的关系"),
        ([CardPart.GUARDIAN_RELATION], "监护人和孩子的关系"),
        (
            [CardPart.MOTHER_PHONE, CardPart.HOME_ADDRESS, CardPart.GUARDIAN_OCCUPATION, CardPart.GUARDIAN_HEALTH],
            "家庭住址；母亲的电话；监护人的职业、身体状况",
        ),
    ],
)
def test_what_is_missing_is_proper_chinese(parts, words):
    assert missing_words(parts) == words
