"""Prompts whose words carry the difficulty."""

from dataclasses import dataclass

import numpy as np

TIERS = 3
# How often a word is as hard as the prompt it stands in.
_LOYALTY = 0.75


@dataclass(frozen=True)
class Style:
    """How the prompts of one benchmark are worded.

    Attributes
    ----------
    templates
        Sentences with two or three gaps.
    words
        What fills the gaps, from the easiest to the hardest tier.
    """

    templates: tuple[str, ...]
    words: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Prompt:
    """A prompt and its difficulty in [0, 1]: the mean tier of its words."""

    text: str
    difficulty: float


STYLES = {
    "ARC-C": Style(
        (
            "A pupil studies {} next to {}. Which change would the pupil expect to see first?",
            "Which of these best explains why {} depends on {} rather than on {}?",
            "An experiment compares {} with {}. What should be kept the same?",
        ),
        (
            ("water", "the sun", "a magnet", "rain", "a shadow", "ice"),
            ("photosynthesis", "friction", "a food web", "erosion", "density", "a lunar eclipse"),
            ("entropy", "allele drift", "tidal locking", "covalent bonding", "osmosis", "parallax"),
        ),
    ),
    "ARC-E": Style(
        (
            "What do {} and {} have in common?",
            "Choose the best answer: {} is mostly made possible by {}.",
            "Where would you most likely find {} together with {}?",
        ),
        (
            ("a frog", "the moon", "a leaf", "snow", "a bird", "sand"),
            ("a volcano", "a fossil", "electric current", "a predator", "oxygen", "gravity"),
            ("a catalyst", "isotopes", "mitosis", "refraction", "the mantle", "a chromosome"),
        ),
    ),
    "BoolQ": Style(
        (
            "Passage: an article describes {} and later mentions {}. Is the first part of it?",
            "According to a long passage about {}, is {} the same thing as {}?",
            "Passage: {} is discussed together with {}. Yes or no: can one exist alone?",
        ),
        (
            ("a football team", "milk", "a film", "the weekend", "a school bus", "a birthday"),
            ("a federal law", "a passport", "a vaccine", "a senator", "a mortgage", "a treaty"),
            ("habeas corpus", "a tontine", "suzerainty", "escheat", "usufruct", "estoppel"),
        ),
    ),
    "LogiQA": Style(
        (
            "If every claim about {} implies one about {}, which conclusion must be true?",
            "An argument goes from {} to {}. Which assumption does it need?",
            "Some statements on {} contradict those on {} and on {}. What follows?",
        ),
        (
            ("apples", "colours", "pets", "seats", "tickets", "queues"),
            ("budgets", "schedules", "witnesses", "surveys", "contracts", "elections"),
            ("modal necessity", "contraposition", "quantifiers", "vacuity", "transitivity", "dual"),
        ),
    ),
    "PIQA": Style(
        (
            "To fix {} at home, should you use {} or something softer?",
            "Goal: clean {} without harming {}. Which way works?",
            "How do you best attach {} to {}?",
        ),
        (
            ("a cup", "a towel", "a door", "a shoe", "paper", "a sponge"),
            ("a hinge", "a drill", "grout", "a gasket", "sandpaper", "a bicycle chain"),
            ("a solder joint", "a dovetail", "a torque wrench", "flux", "a carburettor", "epoxy"),
        ),
    ),
    "SciQ": Style(
        (
            "Support: a textbook relates {} to {}. What is the name of the process?",
            "What is the term for {} when it meets {}?",
            "Which part of {} is responsible for {} and {}?",
        ),
        (
            ("blood", "plants", "air", "bones", "the earth", "heat"),
            ("enzymes", "plate tectonics", "neurons", "acids", "radiation", "tissue"),
            ("ribosomes", "enthalpy", "meiosis", "orbitals", "homeostasis", "eukaryotes"),
        ),
    ),
    "SocialIQA": Style(
        (
            "Robin showed {} after Alex reacted with {}. What will Alex want to do next?",
            "Why would Jordan answer {} with {}?",
            "Casey felt {} although everyone expected {} and {}. How would you describe Casey?",
        ),
        (
            ("a smile", "hunger", "thanks", "joy", "a hug", "help"),
            ("jealousy", "an apology", "pride", "gossip", "impatience", "doubt"),
            ("schadenfreude", "ambivalence", "irony", "contrition", "condescension", "stoicism"),
        ),
    ),
    "WinoGrande": Style(
        (
            "The {} did not fit beside the {} because it was too large. What was too large?",
            "Sam preferred the {} over the {} since one of them was worn. Which one?",
            "They moved the {} away from the {} before the {} could damage it. What is it?",
        ),
        (
            ("ball", "box", "table", "hat", "bag", "chair"),
            ("telescope", "violin", "ladder", "suitcase", "curtain", "lantern"),
            ("harpsichord", "sextant", "lectern", "armoire", "theodolite", "trellis"),
        ),
    ),
}


def write_prompts(benchmark: str, n: int, rng: np.random.Generator) -> list[Prompt]:
    """Write ``n`` prompts in the style of a benchmark."""
    return [_write(STYLES[benchmark], rng) for _ in range(n)]


def _write(style: Style, rng: np.random.Generator) -> Prompt:
    template = style.templates[rng.integers(len(style.templates))]
    gaps = template.count("{}")
    tiers = np.where(
        rng.random(gaps) < _LOYALTY, rng.integers(TIERS), rng.integers(TIERS, size=gaps)
    )
    fillers = [style.words[tier][rng.integers(len(style.words[tier]))] for tier in tiers.tolist()]
    return Prompt(template.format(*fillers), float(tiers.mean()) / (TIERS - 1))
