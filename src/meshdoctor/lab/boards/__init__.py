"""The dashboards without Grafana: its JSON read, its questions asked, its panels drawn."""
