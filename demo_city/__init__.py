"""A simulated city's department systems, with ground truth: for the first run, tests and benchmarks.

Nothing of the pipeline imports this room; it contributes ``govshare demo`` and ``govshare score``.
"""
