"""The benchmark behind bench/run and bench/report."""
