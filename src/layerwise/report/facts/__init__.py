"""What a report knows: plain data, one kind in each file, with how it is worked out."""
