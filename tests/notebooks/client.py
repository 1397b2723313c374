"""Executes a notebook as nbconvert and papermill do; exits with 1 when a cell failed."""

import sys

import nbclient
import nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
client = nbclient.NotebookClient(notebook, timeout=600)
status = 0
try:
    client.execute()
except nbclient.exceptions.CellExecutionError as error:
    print(error)
    status = 1
nbformat.write(notebook, sys.argv[2])
sys.exit(status)
