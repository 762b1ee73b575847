"""What people see of an inspection: the overlay picture and the report."""
