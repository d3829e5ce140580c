"""Questions about costs and their answers, without any database: what may be asked, and who answers."""
