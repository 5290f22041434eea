# SPDX-License-Identifier: Apache-2.0
"""families: the commands of issue 2, one file a family, each a table of (weight, draw).

Used by: ../program.py.
Always:  - draw(g) gives one Command, or a list of them that belong together and are never spoiled.
"""
