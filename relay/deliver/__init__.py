"""The courier: takes what is due to its destination, one lane each; one lane's trouble is its own."""

from relay.deliver.assembly import Lanes, Make, made, routes_of
from relay.deliver.attempt import Sender
from relay.deliver.courier import Courier
from relay.deliver.lane import Lane
from relay.deliver.sample import sample

__all__ = ["Courier", "Lane", "Lanes", "Make", "Sender", "made", "routes_of", "sample"]
