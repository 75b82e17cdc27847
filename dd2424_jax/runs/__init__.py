"""Run directories: what decides a run's numbers, where they are kept, and what earlier runs found."""
