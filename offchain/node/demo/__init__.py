"""`livepeer demo`: a whole network on this machine, streaming, paid and on a page."""
