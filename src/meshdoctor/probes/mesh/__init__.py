"""What the agents saw: who reaches whom, how, since when, and what the services say themselves."""
