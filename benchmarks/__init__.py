"""Benchmarks: what govshare is measured by, one package each, run by a verb of the Makefile.

Results go to ``results/`` as JSON. Nothing else imports from here.
"""
