"""View models: finished values for templates."""
