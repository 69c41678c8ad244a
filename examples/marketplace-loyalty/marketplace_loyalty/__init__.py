"""An example plugin: loyalty points for the people of a marketplace."""
