"""Whether a text was typed in Zawgyi, a font's own encoding of Myanmar that looks like Unicode.

Zawgyi uses the code points of Unicode for other shapes and in the order in which they are seen.
Who reads such a text with a font for Unicode sees broken syllables, and no search finds it. Told
here are only signs that no text in Unicode has, in any language of the script:

- U+1031, the vowel E: in Unicode behind its consonant, in Zawgyi before it, so behind nothing that
  could carry it;
- U+103B: in Unicode the medial YA behind a consonant, in Zawgyi the medial RA, before it;
- U+1039: in Unicode it stacks the consonant that follows; in Zawgyi it is the visible killer, and
  what follows is no consonant.

The code points U+1033, U+1034 and U+1060-1097 are stacked and narrow shapes in Zawgyi, but letters
of Mon, Karen, Kayah and Shan in Unicode: they alone are no sign. A short Zawgyi text without any of
the three signs is not noticed; this is a hint for the person who typed and refuses nothing.

Source: Unicode FAQ "Myanmar Scripts and Languages" (vowels always follow the consonant); Unicode
Technical Note 11; `MyanmarZawgyiConverter` of the CLDR tools (the ranges that would take Shan and
Karen for Zawgyi).
"""

import re

_LETTER = "".join(
    (
        "\u1000-\u102a\u103f\u104e\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070",
        "\u1075-\u1081\u108e\ua9e0-\ua9e4\ua9e7-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7a\uaa7e\uaa7f",
    )
)
"""What may carry a vowel or stand below another."""
_DIGIT = "\u1040-\u1049"
"""Zero and seven are often typed for the letters WA and RA."""
_MEDIAL = "\u103b-\u103e\u105e-\u1060\u1082"
_INVISIBLE = "\u200b-\u200d\u2060"
_SIGN = re.compile(
    f"(?<![{_LETTER}{_DIGIT}{_MEDIAL}{_INVISIBLE}\u103a\u1031])\u1031"  # E behind nothing
    f"|(?<![{_LETTER}{_DIGIT}{_INVISIBLE}\u103a])\u103b[{_LETTER}]"  # medial RA before a letter
    f"|\u1039(?![{_LETTER}])"  # the visible killer
)


def looks_like_zawgyi(text: str) -> bool:
    """Return whether a text has a sign that Zawgyi has and Unicode cannot have.

    >>> looks_like_zawgyi("\u1031\u1000\u102c\u1004\u1039\u1038"), looks_like_zawgyi("OK")
    (True, False)
    """
    return _SIGN.search(text) is not None


def hint(text: str) -> str:
    """Return "zawgyi" for who typed such a text, else "": the text itself is kept as it is."""
    return "zawgyi" if looks_like_zawgyi(text) else ""
