"""Being here, this file lets every test import what stands beside it, such as `virtual`."""
