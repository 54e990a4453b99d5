"""An invented market that moves like one, listed and quoted in the vendor's own shapes."""
