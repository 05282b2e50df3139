"""The advisers' page: client number ──► the API over HTTP ──► HTML and SVG drawn here.

A caller of the API like any other: nothing of the domain or the stores is imported.
"""

import os

# Gradio reads it when it is imported, wherever that happens first: nothing may call out.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
