"""A module that wants to end the program that imports it."""

import sys

sys.exit("goodbye")
