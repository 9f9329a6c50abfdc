"""What we watch: objectives, alerts, routes and dashboards as typed data, and nothing that runs."""
