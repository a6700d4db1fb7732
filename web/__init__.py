"""Web application: screens, views, services, server."""
