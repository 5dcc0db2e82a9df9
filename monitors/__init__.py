"""What runs by itself: polls, sweeps, deliveries."""
