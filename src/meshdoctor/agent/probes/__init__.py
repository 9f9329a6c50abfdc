"""How an agent asks: one way of asking each, over sockets that wait for nobody else."""
