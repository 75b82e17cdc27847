"""A sweep as jobs: on this machine, or of SLURM."""
