"""What compare.py is made of: servers, workloads, and the table."""
