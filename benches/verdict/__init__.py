"""Dumps whose truth is known, recorded with Pympler from small programs, and a judge of what is said of them."""
