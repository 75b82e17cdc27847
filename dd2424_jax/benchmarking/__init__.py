"""How fast it is: workloads, baselines, timing, analysis, tables."""
