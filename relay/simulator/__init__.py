"""LlamaCloud's job API simulated, from its own description: it shares nothing with relay's reading of it."""

from relay.simulator.faults import Answer
from relay.simulator.job import BatchFile, Job
from relay.simulator.log import Drained, Happened, Missed, Shown, changes
from relay.simulator.scenario import Fault, Scenario, Stream, Trouble, demo
from relay.simulator.simulator import Request, Simulator

__all__ = [
    "Answer",
    "BatchFile",
    "Drained",
    "Fault",
    "Happened",
    "Job",
    "Missed",
    "Request",
    "Scenario",
    "Shown",
    "Simulator",
    "Stream",
    "Trouble",
    "changes",
    "demo",
]
