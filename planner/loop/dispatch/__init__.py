"""Out to the devices and back, under a lease."""
