"""The advisers' page: client number ──► request to the API ──► HTML and SVG.

The page is an ordinary client of the API: it imports neither the domain nor the stores.
"""

import os

# No telemetry. Gradio reads this at import, so it is set before any module here imports Gradio.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
