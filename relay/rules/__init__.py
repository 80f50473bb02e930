"""Which events go where: the rules of `rules.toml`, compiled once into closures."""

from relay.rules.masking import masked
from relay.rules.router import ALERTS, Mistake, Router, Routing, Rule, RuleMistakes

__all__ = ["ALERTS", "Mistake", "Router", "Routing", "Rule", "RuleMistakes", "masked"]
