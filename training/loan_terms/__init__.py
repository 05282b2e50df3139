"""Learn usual terms of loans from earlier applications.

earlier loans with a term ──► regression tree on the instalment share ──► table of usual terms
"""
