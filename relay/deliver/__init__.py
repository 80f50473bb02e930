"""The courier: takes what is due to its destination, one lane each; one lane's trouble is its own."""

from relay.deliver.assembly import Lanes, Make, made, routes_of, sender_of, upkeep_of
from relay.deliver.attempt import Sender
from relay.deliver.courier import Courier
from relay.deliver.lane import Lane
from relay.deliver.sample import sample
from relay.deliver.upkeep import Upkeep

__all__ = [
    "Courier",
    "Lane",
    "Lanes",
    "Make",
    "Sender",
    "Upkeep",
    "made",
    "routes_of",
    "sample",
    "sender_of",
    "upkeep_of",
]
