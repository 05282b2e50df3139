"""The credit domain: all that training, serving and monitoring must agree on.

Read it in the order a dossier travels:

    schema ──► dossier ──► features ──► scorer ──► policy ──► decision
    raw tables  one client  one row      risk       outcome    the record we keep

Nothing here knows HTTP, a file path, an environment variable or a vendor's platform.
"""

__version__ = "0.2.0"
