"""What tests stand on: servers, terminals, builders and the product as a child process."""
