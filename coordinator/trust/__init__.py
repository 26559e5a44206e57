"""Whether what scanners say can be believed: references, comparisons, and who is set aside. Pure: time is given."""
