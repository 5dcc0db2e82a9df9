"""Why a name in a text means a company: the reasons of its place, as features with weights and proofs.

The weights are log odds, set by hand and added up; ``link`` turns the sum into a confidence.
"""

from typing import Final

from earmark.types import Feature
from matcher.compounds import COMPOUNDS
from matcher.names import Ambiguity
from matcher.neighbours import NEIGHBOURS
from matcher.place import Place

__all__ = ["context_of"]

_LONG: Final = 3  # words
_PRIORS: Final = {
    Ambiguity.DISTINCTIVE: (2.4, "the name is no ordinary word"),
    Ambiguity.DOMINANT: (1.6, "with a capital, the word nearly always means the company"),
    Ambiguity.PHRASE: (0.0, "the name is made of ordinary words"),
    Ambiguity.STREET: (-2.0, "the name is also one of a place"),
    Ambiguity.RARE_WORD: (-0.4, "the name is also a rare word"),
    Ambiguity.ORDINARY_WORD: (-1.6, "the name is also an ordinary word"),
    Ambiguity.EVERYDAY_WORD: (-2.0, "the name is also an everyday word"),
    Ambiguity.PERSON: (-1.2, "the name is also a name of people"),
    Ambiguity.PLACE: (-3.4, "the word has a capital anyway, as a place, a people or a day"),
    Ambiguity.ACRONYM: (-0.6, "so short a name stands for many things"),
    Ambiguity.GENERIC: (-5.0, "the name is too general"),
}


def context_of(place: Place) -> list[Feature]:
    """Return the reasons that the place gives, for any account of that name."""
    weight, sentence = _PRIORS[place.ambiguity]
    span = place.passage.span(place.start, place.end)
    if place.ambiguity is Ambiguity.PHRASE and place.end - place.start >= _LONG:
        weight = 0.8  # so many words in a row are no chance
    features = [Feature(name="name", value=1.0, weight=weight, sentence=sentence, spans=(span,))]
    for name, weight, sentence, test in (*COMPOUNDS, *NEIGHBOURS):
        proof = test(place)
        if proof:
            spans = (place.passage.span(*proof),)
            features.append(Feature(name=name, value=1.0, weight=weight, sentence=sentence, spans=spans))
    return features
