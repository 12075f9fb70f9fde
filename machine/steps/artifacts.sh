# shellcheck shell=bash
# The files have arrived and were verified before this ran.
skip 'nothing is left to fetch'
