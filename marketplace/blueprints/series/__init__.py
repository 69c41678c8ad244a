"""Series: a service that is booked several times by one rule, and what is done with the orders together."""
