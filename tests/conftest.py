"""Being here, this file lets every test import what stands beside it, such as `virtual`."""

from hypothesis import HealthCheck, settings

# How long a machine takes to make an input says nothing of relay.
settings.register_profile(
    "relay", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("relay")
