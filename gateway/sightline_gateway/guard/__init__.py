"""Who may do what, how often and over how many connections; and the headers of every answer."""
