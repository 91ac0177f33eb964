"""The demo on one machine: servers, platform sandbox, app, worker and scheduler under one supervisor."""
