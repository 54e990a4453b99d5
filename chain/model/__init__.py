"""The contract as values: key names, snapshot, strike grid, trading sessions. No I/O."""
