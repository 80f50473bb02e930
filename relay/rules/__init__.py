"""Which events go where: the rules of `rules.toml`, compiled once into closures."""

from relay.rules.masking import masked
from relay.rules.router import ALERTS, OWN_RULES, REPLAY, Mistake, Router, Routing, Rule, RuleMistakes

__all__ = ["ALERTS", "OWN_RULES", "REPLAY", "Mistake", "Router", "Routing", "Rule", "RuleMistakes", "masked"]
