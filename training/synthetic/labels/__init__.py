"""Label synthetic clients by the risk in their application and history."""
