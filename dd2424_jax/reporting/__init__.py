"""From a result to tables, remarks and figures."""
