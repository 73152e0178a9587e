"""Zawgyi is told by what Unicode cannot have: a text in Unicode, of any language, is not told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.zawgyi import hint, looks_like_zawgyi

E, ASAT, VIRAMA, YA, RA, WA, HA = "\u1031\u103a\u1039\u103b\u103c\u103d\u103e"
CONSONANT = [chr(code) for code in range(0x1000, 0x1022)]
TO_ZAWGYI = {ASAT: "\u1039", YA: "\u103a", RA: "\u103b", WA: "\u103c", HA: "\u103d"}
SHAPES = [chr(code) for code in (0x1033, 0x1034, *range(0x1060, 0x1098))]

IN_UNICODE = {
    "Myanmar": "ရိုဘော့က ဗန်းမှ အစိတ်အပိုင်းကို ယူသည်။ အင်္ဂါနေ့၊ သင်္ဘော၊ ဗုဒ္ဓ၊ ကျွန်ုပ် ပြေးသည်",
    "typed with digits": "၀ေဖန် ၇ေ ၁၀ကျပ်",
    "Shan": "မႂ်ႇသုင်ၶႃႈ ၵေႃႉၼႆႉ ႁဵတ်းၵၢၼ်ယူႇ ၸေႈဝဵင်း",
    "Mon": "ဘာသာမန် ဂၠံၚ် ဍေၚ်ဍိုၚ် ပ္ဍဲ ၜေၚ်",
    "S'gaw Karen": "ကညီကျိာ် ဘၣ်ဃး ပှၤ တၢ်",
    "Thai": "หุ่นยนต์หยุดนิ่ง",
    "English": "The robot stands still.",
}
IN_ZAWGYI = {
    "good": "\u1031\u1000\u102c\u1004\u1039\u1038\u1010\u101a\u1039",
    "run": "\u1031\u103b\u1015\u1038",
    "comes": "\u101c\u102c\u1010\u101a\u1039",
    "a word after Unicode": "ကောင်း \u1031\u1010\u102c\u1037",
    "RA alone": "\u103b\u1019\u1014\u102c",
}

syllables = st.tuples(
    st.sampled_from(CONSONANT), st.sampled_from(["", YA, RA, WA, HA, YA + WA, RA + HA]),
    st.sampled_from(["", E, "\u102d", "\u102e", "\u1032"]), st.sampled_from(["", "\u102f"]),
    st.sampled_from(["", "\u102c"]), st.sampled_from([None, *CONSONANT]),
    st.sampled_from(["", "\u1037", "\u1038"]),
)  # fmt: skip


def spelled(syllable):
    base, medial, front, low, long, final, tone = syllable
    end = final + ASAT if final else ""
    return base + medial + front + low + long + end + tone


def in_zawgyi(syllable):
    """Return it in the order in which it is seen, with Zawgyi's code points."""
    base, medial, front, low, long, final, tone = syllable
    before = (E if front == E else "") + ("\u103b" if RA in medial else "")
    behind = "".join(TO_ZAWGYI[one] for one in medial if one != RA)
    end = final + TO_ZAWGYI[ASAT] if final else ""
    return before + base + behind + (front if front != E else "") + low + long + end + tone


def tells(syllable):
    return syllable[2] == E or RA in syllable[1] or syllable[5] is not None


@pytest.mark.parametrize("language", IN_UNICODE)
def test_a_text_in_unicode_is_not_taken_for_zawgyi(language):
    assert hint(IN_UNICODE[language]) == ""


@pytest.mark.parametrize("what", IN_ZAWGYI)
def test_a_text_in_zawgyi_is_told(what):
    assert hint(IN_ZAWGYI[what]) == "zawgyi"


@given(st.lists(syllables), st.sampled_from(["", " ", "။ ", "\n"]))
def test_no_row_of_whole_syllables_is_taken_for_zawgyi(row, between):
    assert not looks_like_zawgyi(between.join(map(spelled, row)))


@given(st.lists(syllables, min_size=1).filter(lambda row: tells(row[0]) or tells(row[-1])))
def test_the_same_syllables_as_zawgyi_orders_them_are_told_by_first_or_last(row):
    words = [in_zawgyi(one) for one in row]
    assert looks_like_zawgyi(" ".join(words))


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.sampled_from(sorted(IN_ZAWGYI))
)
def test_what_stands_around_a_zawgyi_word_does_not_hide_it(text, what):
    assert looks_like_zawgyi(f"{text} {IN_ZAWGYI[what]} {text}")


@given(st.text(alphabet=[*SHAPES, *CONSONANT, " "]))
def test_the_letters_of_the_other_languages_alone_are_no_sign(text):
    assert not looks_like_zawgyi(text)
