"""The courier: takes what is due to its destination, one lane each; one lane's trouble is its own."""

from relay.deliver.assembly import Make, at_hand, made, terms
from relay.deliver.attempt import Sender
from relay.deliver.courier import Courier
from relay.deliver.lane import Lane
from relay.deliver.sample import sample

__all__ = ["Courier", "Lane", "Make", "Sender", "at_hand", "made", "sample", "terms"]
